"""Palette entries for pictures with alpha, in which opaque colours stay opaque."""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers, grouped_sums
from kquant_hooks.clustering.nearest import nearest
from kquant_hooks.quantizer.coords import exact_coords, mean_colors
from kquant_hooks.quantizer.histogram import Histogram
from kquant_hooks.quantizer.mapping import map_colors

_ROUNDS = 2


def divide_by_opacity(histogram: Histogram, entries: Integers, fixed: int) -> Integers:
    """Let each entry serve either opaque or translucent colours, and average each kind separately.

    The mean of a cluster of both kinds would be almost opaque, and an opaque shape would let its background
    through. The kind with more pixels gets the entry.

    Parameters
    ----------
    histogram : Histogram
        With alpha, but without transparent pixels.
    entries : ndarray of uint8, shape (k, 4)
    fixed : int
        How many entries do not change: the first ones.

    Returns
    -------
    ndarray of uint8, shape (k, 4)
    """
    is_opaque = histogram.colors[:, 3] == 255
    coords = exact_coords(histogram, histogram.colors)
    labels, _ = nearest(coords, exact_coords(histogram, entries))
    opaque_weight, other_weight = _weights(histogram, labels, is_opaque, len(entries))
    opaque = (opaque_weight >= other_weight) & (opaque_weight > 0)
    opaque[:fixed] = entries[:fixed, 3] == 255
    if is_opaque.any() and not opaque.any() and fixed < len(entries):
        opaque[fixed + np.argmax(opaque_weight[fixed:])] = True
    fixed_entries = entries[:fixed]
    for _ in range(_ROUNDS):
        entries = _mean_entries(histogram, labels, is_opaque, opaque, entries)
        entries[:fixed] = fixed_entries
        labels = map_colors(histogram, entries).labels
    return entries


def _weights(histogram: Histogram, labels: Integers, is_opaque: Bools, count: int) -> tuple[Floats, Floats]:
    weights = histogram.weights.astype(np.float64)
    opaque_weight, other_weight = grouped_sums(labels, [weights * is_opaque, weights * ~is_opaque], count)
    return opaque_weight, other_weight


def _mean_entries(
    histogram: Histogram, labels: Integers, is_opaque: Bools, opaque: Bools, entries: Integers
) -> Integers:
    """The mean, not premultiplied, of each entry's colours of its own kind; an entry with none stays."""
    counted = np.where(is_opaque == opaque[labels], histogram.weights, 0).astype(np.float64)
    coords = exact_coords(histogram, histogram.colors)
    weighted = [counted * coords[:, channel] for channel in range(4)]
    weight, *sums = grouped_sums(labels, [counted, *weighted], len(entries))
    filled = weight > 0
    result = entries.copy()
    result[filled] = mean_colors(histogram, weight[filled], [total[filled] for total in sums])
    result[result[:, 3] == 0] = 0
    return result
