"""The order of palette entries."""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Integers

_MIN_CHROMA = 16
_HUE_STEP = 15


def by_lightness(colors: Integers) -> Integers:
    """Indices from dark to light, transparent first: Rec. 601 luma, then the channels one by one."""
    levels = colors.astype(np.int64)
    keys = list(reversed(levels.T))
    if colors.shape[1] >= 3:
        keys.append(levels[:, :3] @ np.array([299, 587, 114]))
    keys.append(_visible(colors))
    return np.lexsort(keys)


def by_hue(colors: Integers) -> Integers:
    """Indices of transparent colours, of greys from dark to light, then around the colour circle from red.

    The hue is that of HSV's hexagon, in steps of fifteen degrees, so shades of a hue stay together from dark
    to light. Colours with a chroma below 16 levels count as grey.
    """
    if colors.shape[1] < 3:
        return by_lightness(colors)
    red, green, blue = colors[:, :3].astype(np.int64).T
    highest, lowest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = highest - lowest
    sector = np.where(
        highest == red,
        green - blue,
        np.where(highest == green, blue - red + 2 * chroma, red - green + 4 * chroma),
    )
    hue = (60 * sector // np.maximum(chroma, 1)) % 360
    ranks = np.empty(len(colors), np.intp)
    ranks[by_lightness(colors)] = np.arange(len(colors))
    colored = chroma >= _MIN_CHROMA
    return np.lexsort(
        (ranks, np.where(colored, (hue + _HUE_STEP // 2) % 360 // _HUE_STEP, -1), _visible(colors))
    )


def by_population(colors: Integers, populations: Integers) -> Integers:
    """Indices from most to least used, transparent first; ties keep their order."""
    return np.lexsort((-populations, _visible(colors)))


def as_given(codes: Integers, given: Integers, colors: Integers) -> Integers:
    """Indices of the given colours, in the order given, and then of the others; transparent first.

    Parameters
    ----------
    codes, given : ndarray of uint32
        Those of all colours, and those of the given ones.
    """
    places = {code: place for place, code in enumerate(given.tolist())}
    ranks = np.array([places.get(code, len(given)) for code in codes.tolist()])
    return np.lexsort((ranks, _visible(colors)))


def by_first_use(labels: Integers, ranks: Integers, count: int) -> Integers:
    """Indices by the lowest rank among the colours of each of ``count`` labels."""
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, labels, ranks)
    return np.argsort(first, kind="stable")


def _visible(colors: Integers) -> Bools:
    if colors.shape[1] == 4:
        return colors[:, 3] > 0
    return np.ones(len(colors), bool)
