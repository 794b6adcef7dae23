"""Palette entries for pictures with alpha: what is opaque stays opaque."""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers, grouped_sums
from kquant_hooks.clustering.nearest import nearest
from kquant_hooks.quantizer.coords import exact_coords, mean_colors
from kquant_hooks.quantizer.histogram import Histogram
from kquant_hooks.quantizer.mapping import map_colors

_ROUNDS = 2


def divide_by_opacity(histogram: Histogram, entries: Integers, fixed: int) -> Integers:
    """Let each entry serve opaque or translucent colours, and average each kind apart.

    A cluster of both would have a mean that is almost opaque: a solid shape would let its background
    through. The kind with more pixels takes the entry.

    Parameters
    ----------
    histogram : Histogram
        With alpha; without fully transparent pixels.
    entries : ndarray of uint8, shape (k, 4)
    fixed : int
        How many of them stay as they are: the first ones.

    Returns
    -------
    ndarray of uint8, shape (k, 4)
    """
    solid = histogram.colors[:, 3] == 255
    coords = exact_coords(histogram, histogram.colors)
    labels, _ = nearest(coords, exact_coords(histogram, entries))
    solid_weight, other_weight = _weights(histogram, labels, solid, len(entries))
    opaque = (solid_weight >= other_weight) & (solid_weight > 0)
    opaque[:fixed] = entries[:fixed, 3] == 255
    if solid.any() and not opaque.any() and fixed < len(entries):
        opaque[fixed + np.argmax(solid_weight[fixed:])] = True
    still = entries[:fixed]
    for _ in range(_ROUNDS):
        entries = _averages(histogram, labels, solid, opaque, entries)
        entries[:fixed] = still
        labels = map_colors(histogram, entries).labels
    return entries


def _weights(histogram: Histogram, labels: Integers, solid: Bools, count: int) -> tuple[Floats, Floats]:
    weights = histogram.weights.astype(np.float64)
    solid_weight, other_weight = grouped_sums(labels, [weights * solid, weights * ~solid], count)
    return solid_weight, other_weight


def _averages(
    histogram: Histogram, labels: Integers, solid: Bools, opaque: Bools, entries: Integers
) -> Integers:
    """Mean of the members of an entry's own kind, not premultiplied; an entry without keeps its colour."""
    counted = np.where(solid == opaque[labels], histogram.weights, 0).astype(np.float64)
    coords = exact_coords(histogram, histogram.colors)
    rows = [counted * coords[:, channel] for channel in range(4)]
    weight, *sums = grouped_sums(labels, [counted, *rows], len(entries))
    filled = weight > 0
    result = entries.copy()
    result[filled] = mean_colors(histogram, weight[filled], [total[filled] for total in sums])
    result[result[:, 3] == 0] = 0
    return result
