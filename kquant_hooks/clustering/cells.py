"""Reduce a histogram to fewer weighted points: an adaptive grid of cells.

A uniform grid wastes points on colours that hardly occur, and is too coarse for pictures that are dark or
have a narrow gamut. Here a cell is split while its own squared error is large, as in an octree, so each point
stands for about the same share of the error in any picture.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points
from kquant_hooks.clustering.morton import Keys, morton_keys, sorting_order

# Binary logarithm of the number of cells at the start.
_FIRST_CELL_BITS = 12


def reduce_to_cells(points: Points, target: int) -> Points:
    """Weighted cell means of ``points``: for most pictures between ``target`` and twice as many.

    Noise in a narrow gamut can give eight times as many, as either all of its cells are divided or none.

    Parameters
    ----------
    points : Points
    target : int
        How many points are wanted. If ``points`` has no more than that, it is returned unchanged.

    Returns
    -------
    Points
        Means rounded to the integer grid of the input, in Morton order.
    """
    count, dimensions = points.coords.shape
    if count <= target:
        return points
    keys = morton_keys(points.coords, points.bits)
    order = sorting_order(keys, points.bits * dimensions)
    if order is not None:
        keys, points = (
            keys[order],
            replace(points, coords=points.coords[order], weights=points.weights[order]),
        )
    sums = _running_sums(points)
    levels = _levels_of_borders(keys, points.bits, dimensions)
    divisible = np.ones(count, bool)
    starts_kept = np.zeros(count, bool)
    threshold = None
    for level in range(max(1, _FIRST_CELL_BITS // dimensions), points.bits + 1):
        # A cell of a level is a run of points between two borders of this or a higher level.
        starts = np.flatnonzero(levels < level)
        stops = np.append(starts[1:], count)
        cells = np.flatnonzero(divisible[starts])
        errors = _errors(_moments(sums, starts[cells], stops[cells]))
        if threshold is None:
            threshold = _error_per_cell(errors, target)
        divide = (errors > threshold) & (level < points.bits)
        starts_kept[starts[cells[~divide]]] = True
        if not divide.any():
            break
        divided = np.zeros(len(starts), bool)
        divided[cells[divide]] = True
        divisible = np.repeat(divided, stops - starts)
    starts = np.flatnonzero(starts_kept)
    weight, *totals = _moments(sums[:-1], starts, np.append(starts[1:], count))
    means = np.stack([total / weight for total in totals], axis=1)
    coords = np.rint(means).astype(points.coords.dtype, order="F")
    return replace(points, coords=coords, weights=weight)


def _running_sums(points: Points) -> list[Integers]:
    """Weight, weighted coordinates and weighted squared length of all points before each: shape (n + 1,).

    In int64, which holds the sums of 2**30 pixels of any kind. NumPy adds these eight times as fast as
    floats.
    """
    count, dimensions = points.coords.shape
    weights = points.weights.astype(np.int64)
    square = np.zeros(count, np.int64)
    terms = [weights]
    for channel in range(dimensions):
        value = points.coords[:, channel].astype(np.int64)
        terms.append(weights * value)
        square += terms[-1] * value
    sums = []
    for term in [*terms, square]:
        total = np.zeros(count + 1, np.int64)
        np.cumsum(term, out=total[1:])
        sums.append(total)
    return sums


def _moments(sums: list[Integers], starts: Integers, stops: Integers) -> list[Floats]:
    return [(total[stops] - total[starts]).astype(np.float64) for total in sums]


def _levels_of_borders(keys: Keys, bits: int, dimensions: int) -> Integers:
    """The level of the smallest cell that holds each point and the one before it; -1 for the first."""
    levels = np.full(len(keys), -1, np.int8)
    # The exponent of the difference is the place of the highest bit in which two keys differ.
    _, highest = np.frexp((keys[1:] ^ keys[:-1]).astype(np.float64))
    levels[1:] = bits - 1 - (highest - 1) // dimensions
    return levels


def _error_per_cell(errors: Floats, target: int) -> float:
    """The largest error that a cell may have if about ``target`` cells are wanted."""
    # Panter-Dite: error falls with the 2/3 power of the number of cells in three dimensions.
    total = float(np.cumsum(errors)[-1])
    return total * math.pow(len(errors) / target, 2 / 3) / target


def _errors(moments: list[Floats]) -> Floats:
    """The squared error of each cell about its mean."""
    weight, *sums, square = moments
    between = np.zeros(len(weight))
    for total in sums:
        between += total * total
    return square - between / weight
