"""The order of palette entries."""

from __future__ import annotations

import numpy as np

from kquant_hooks.quantizer.arrays import Bools, Integers


def by_lightness(colors: Integers) -> Integers:
    """Indices from dark to light, transparent first: Rec. 601 luma, then the channels in turn."""
    levels = colors.astype(np.int64)
    keys = list(reversed(levels.T))
    if colors.shape[1] >= 3:
        keys.append(levels[:, :3] @ np.array([299, 587, 114]))
    keys.append(_visible(colors))
    return np.lexsort(keys)


def by_population(colors: Integers, populations: Integers) -> Integers:
    """Indices from most to least used, transparent first; equals keep their order."""
    return np.lexsort((-populations, _visible(colors)))


def by_first_use(labels: Integers, ranks: Integers, count: int) -> Integers:
    """Indices by the lowest rank among the colours that carry each of ``count`` labels."""
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, labels, ranks)
    return np.argsort(first, kind="stable")


def _visible(colors: Integers) -> Bools:
    if colors.shape[1] == 4:
        return colors[:, 3] > 0
    return np.ones(len(colors), bool)
