"""The search for entries: seeds, swaps and descents, on ever more points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kquant_hooks.quantizer.arrays import Floats, Integers, Points
from kquant_hooks.quantizer.cells import reduce_to_cells
from kquant_hooks.quantizer.effort import EFFORTS, Effort, for_colors
from kquant_hooks.quantizer.histogram import Histogram, colors_at, design_points, fine_points
from kquant_hooks.quantizer.kmeans import RELAXATION, Descent, lloyd, relative_error
from kquant_hooks.quantizer.seeding import (
    farthest_points,
    kmeans_plus_plus,
    merge_pairs,
    random_pixels,
    wu_cuts,
)
from kquant_hooks.quantizer.settings import Settings
from kquant_hooks.quantizer.swaps import Moves, kick, split_to, swap

_FEW_COLORS = 32
# Up to so many points, merging all of them in pairs takes less time than building Wu's tables.
_FEW_POINTS = 512


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """Entries near a minimum of the error, and how they were found.

    Attributes
    ----------
    entries : ndarray, shape (k, d)
        Like the histogram's colours, and these themselves where there are no more of them than were asked
        for. Some may be equal, or nearest to no colour.
    iterations : int
    converged : bool
        As in ``Descent``.
    """

    entries: Integers
    iterations: int
    converged: bool


def learn(histogram: Histogram, count: int, settings: Settings) -> Learnt:
    """Look for the best ``count`` entries for a histogram's colours; alpha has no special part in it."""
    if len(histogram.colors) <= count:
        return Learnt(histogram.colors, 0, True)
    if settings.init == "wu":
        points = design_points(histogram)
        descent = _search(points, count, settings)
    else:
        points = fine_points(histogram)
        seeds = random_pixels if settings.init == "random" else kmeans_plus_plus
        centers = seeds(points, count, settings.seed)
        tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
        descent = lloyd(points, centers, settings.max_iter, tol)
    return Learnt(colors_at(descent.centers, points, histogram), descent.iterations, descent.converged)


def _search(points: Points, count: int, settings: Settings) -> Descent:
    """From coarse to fine: seed and swap on few points, then descend on more, at last on all colours."""
    effort = EFFORTS[settings.effort]
    medium = reduce_to_cells(points, for_colors(effort.descent_points, count))
    coarse = reduce_to_cells(medium, for_colors(effort.search_points, count))
    settle = effort.swap_settle[count > _FEW_COLORS]
    moves = Moves(effort.swap_tries, effort.swap_share, settle, effort.swap_kicks)
    found: list[Floats] = []
    used = 0
    for start in _starts(coarse, count, effort):
        descent = _descend(coarse, start, None, settings, used)
        used += descent.iterations
        swapped = swap(coarse, descent.centers, moves, _left(settings, used))
        used += swapped.iterations
        found.append(swapped.centers)
    errors = [relative_error(coarse, centers) for centers in found] if len(found) > 1 else [0.0]
    kicked = kick(coarse, found[errors.index(min(errors))], moves, _left(settings, used))
    used += kicked.iterations
    descent = _descend(medium, kicked.centers, None, settings, used)
    used += descent.iterations
    if len(points.weights) <= effort.refine_colors:
        descent = _descend(points, descent.centers, effort.refine_iterations, settings, used)
        used += descent.iterations
    return Descent(descent.centers, used, descent.converged)


def _starts(points: Points, count: int, effort: Effort) -> Iterator[Floats]:
    if len(points.weights) <= _FEW_POINTS:
        # Merging all points in pairs is quicker than Wu's tables, and no worse.
        yield _merged(points, points.coords.astype(np.float64), points.weights, count)
        if effort.other_oversplits:
            yield split_to(points, farthest_points(points, count), count)
        return
    oversplits = [effort.oversplit[count > _FEW_COLORS]]
    if count * len(points.weights) <= effort.small_search:
        oversplits += effort.other_oversplits
    for oversplit in oversplits:
        means, weights = wu_cuts(points, count * oversplit)
        yield _merged(points, means, weights, count)


def _merged(points: Points, means: Floats, weights: Floats, count: int) -> Floats:
    centers = np.rint(merge_pairs(means, weights, count)).astype(points.coords.dtype)
    return split_to(points, centers, count)


def _descend(points: Points, centers: Floats, limit: int | None, settings: Settings, used: int) -> Descent:
    """Lloyd's descent, with what ``max_iter`` leaves of the iterations after ``used``."""
    tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
    descent = lloyd(points, centers, _least(limit, _left(settings, used)), tol, RELAXATION)
    stopped_by_itself = descent.converged or descent.iterations == limit
    return Descent(descent.centers, descent.iterations, stopped_by_itself)


def _left(settings: Settings, used: int) -> int | None:
    """How many iterations are still allowed; None: any number."""
    return None if settings.max_iter is None else settings.max_iter - used


def _least(limit: int | None, other: int | None) -> int | None:
    given = [value for value in (limit, other) if value is not None]
    return min(given) if given else None
