"""Reduce a histogram to fewer weighted points: an adaptive grid of cells.

A uniform grid wastes points on colours that hardly occur and is too coarse for dark or narrow-gamut
pictures. Here a cell is split as long as its own squared error is large, as an octree would, so every
point stands for about the same share of the error whatever the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kquant_hooks.quantizer.arrays import Bools, Floats, Integers, Points, grouped_sums

# Log2 of the number of cells to start with, and of the uniform cells that stand in for more points than
# that while the large cells are looked at.
_FIRST_CELLS = 12
_STAND_INS = 18
_PART = 1 << 18


def reduce_to_cells(points: Points, target: int) -> Points:
    """Weighted cell means of ``points``, for most pictures ``target`` to twice as many of them.

    Noise in a narrow gamut can give eight times as many: its cells are all divided at once, or none is.

    Parameters
    ----------
    points : Points
        The coordinates are integers in 0..2**points.bits - 1.
    target : int
        How many points are wanted. Where ``points`` has no more than that it is returned as it is.

    Returns
    -------
    Points
        Means rounded to the integer grid of the input, in a fixed order.
    """
    dimensions = points.coords.shape[1]
    if len(points.weights) <= target:
        return points
    first = max(1, _FIRST_CELLS // dimensions)
    last = min(points.bits, _STAND_INS // dimensions)
    if len(points.weights) <= 1 << (_STAND_INS - 2):
        items = _items_of(points)
        threshold = _error_per_cell(items, first, points.bits, target)
        kept = _divide(items, first, points.bits, points.bits, threshold)[0]
    else:
        stand_ins, occupied = _stand_ins(points, last)
        threshold = _error_per_cell(stand_ins, first, points.bits, target)
        kept, undivided = _divide(stand_ins, first, last, points.bits, threshold)
        if undivided.any():
            divide = np.zeros(1 << (last * dimensions), bool)
            divide[occupied[undivided]] = True
            shift = points.bits - last
            rest = np.concatenate(
                [
                    part.start
                    + np.flatnonzero(divide[_cells(points.coords[part].astype(np.int32), shift, last)])
                    for part in _parts(len(points.weights))
                ]
            )
            items = _items_of(Points(points.coords[rest], points.weights[rest], points.bits))
            kept += _divide(items, last, points.bits, points.bits, threshold)[0]
    moments = [np.concatenate(parts) for parts in zip(*kept, strict=True)]
    means = np.stack([total / moments[0] for total in moments[1:]], axis=1)
    coords = np.rint(means).astype(points.coords.dtype, order="F")
    return Points(coords, moments[0], points.bits)


@dataclass(frozen=True, slots=True, eq=False)
class _Items:
    """Things to be put in cells: where each lies, and its moments.

    ``coords`` is int32 of shape (n, d); ``moments`` are the weight, the weighted coordinates and the
    weighted squared length, each of shape (n,).
    """

    coords: Integers
    moments: list[Floats]

    def taken(self, index: Integers) -> _Items:
        return _Items(self.coords[index], [moment[index] for moment in self.moments])


def _items_of(points: Points) -> _Items:
    moments = [points.weights]
    square = np.zeros(len(points.weights))
    for channel in range(points.coords.shape[1]):
        value = points.coords[:, channel].astype(np.float64)
        weighted = points.weights * value
        moments.append(weighted)
        square += weighted * value
    return _Items(points.coords.astype(np.int32), [*moments, square])


def _stand_ins(points: Points, level: int) -> tuple[_Items, Integers]:
    """One item for each occupied cell, and the numbers of these cells.

    The spread of the points within a cell is taken to be uniform instead of being summed up.
    """
    dimensions = points.coords.shape[1]
    cells = 1 << (level * dimensions)
    moments = [np.zeros(cells) for _ in range(dimensions + 1)]
    # In parts, so that no array is as long as the list of colours.
    for part in _parts(len(points.weights)):
        coords, weights = points.coords[part], points.weights[part]
        cell = _cells(coords.astype(np.int32), points.bits - level, level)
        rows = [weights, *(weights * coords[:, channel] for channel in range(dimensions))]
        for moment, part_sums in zip(moments, grouped_sums(cell, rows, cells), strict=True):
            moment += part_sums
    occupied = np.flatnonzero(moments[0])
    weight, *sums = (moment[occupied] for moment in moments)
    square = weight * (dimensions / 12 * 4.0 ** (points.bits - level))
    for total in sums:
        square += total * total / weight
    means = np.stack([total / weight for total in sums], axis=1)
    # Truncated, a mean stays inside its cell.
    return _Items(means.astype(np.int32), [weight, *sums, square]), occupied


def _parts(count: int) -> list[slice]:
    return [slice(start, min(start + _PART, count)) for start in range(0, count, _PART)]


def _error_per_cell(items: _Items, level: int, bits: int, target: int) -> float:
    """The largest error that a cell may have, if about ``target`` cells shall remain."""
    dimensions = items.coords.shape[1]
    cell = _cells(items.coords, bits - level, level)
    moments = grouped_sums(cell, items.moments, 1 << (level * dimensions))
    occupied = int(np.count_nonzero(moments[0]))
    # Panter-Dite: error falls with the 2/3 power of the number of cells in three dimensions.
    total = float(np.cumsum(_errors(moments))[-1])
    return total * math.pow(occupied / target, 2 / 3) / target


def _divide(
    items: _Items, first: int, last: int, bits: int, threshold: float
) -> tuple[list[list[Floats]], Bools]:
    """Divide cells whose error is above ``threshold``, from level ``first`` down to level ``last``.

    Returns
    -------
    kept : list of [weight, *sums]
        The moments of the cells that are small enough, and of all that the finest level holds if that is
        ``bits``.
    undivided : ndarray of bool, one for each item
        Which items lie in cells of level ``last`` that should be divided further.
    """
    dimensions = items.coords.shape[1]
    undivided = np.zeros(len(items.moments[0]), bool)
    index = np.arange(len(undivided))
    cell = _cells(items.coords, bits - first, first)
    cells = 1 << (first * dimensions)
    kept = []
    for level in range(first, last + 1):
        if level == first and level * dimensions > _FIRST_CELLS:
            cell, cells = _renumbered(cell, cells)
        moments = grouped_sums(cell, items.moments, cells)
        divide = (_errors(moments) > threshold) & (level < bits)
        small = (moments[0] > 0) & ~divide
        kept.append([moment[small] for moment in moments[:-1]])
        inside = np.flatnonzero(divide[cell])
        if not len(inside):
            break
        if level == last:
            undivided[index[inside]] = True
            break
        cell, cells = _renumbered(cell[inside], cells)
        items, index = items.taken(inside), index[inside]
        for channel in range(dimensions):
            cell = (cell << 1) | ((items.coords[:, channel] >> (bits - level - 1)) & 1)
        cells <<= dimensions
    return kept, undivided


def _renumbered(cell: Integers, cells: int) -> tuple[Integers, int]:
    """The same cells numbered without gaps."""
    present = np.zeros(cells, bool)
    present[cell] = True
    number = np.cumsum(present) - 1
    return number[cell], int(number[-1]) + 1


def _cells(coords: Integers, shift: int, level: int) -> Integers:
    cell = np.zeros(len(coords), np.intp)
    for channel in range(coords.shape[1]):
        cell = (cell << level) | (coords[:, channel] >> shift)
    return cell


def _errors(moments: list[Floats]) -> Floats:
    """Squared error of each cell about its mean."""
    weight, *sums, square = moments
    between = np.zeros(len(weight))
    for total in sums:
        between += total * total
    return square - between / np.maximum(weight, 1)
