"""The search for entries: seeds, swaps and descents, on ever more points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points
from kquant_hooks.clustering.cells import reduce_to_cells
from kquant_hooks.clustering.kmeans import RELAXATION, LloydResult, lloyd, relative_error
from kquant_hooks.clustering.seeding import (
    farthest_points,
    kmeans_plus_plus,
    merge_pairs,
    random_pixels,
    wu_cuts,
)
from kquant_hooks.clustering.swaps import SwapPlan, kick, split_to, swap
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.coords import colors_at, fine_points, search_points
from kquant_hooks.quantizer.effort import EFFORTS, Effort, for_colors
from kquant_hooks.quantizer.histogram import Histogram, codes_of

_FEW_COLORS = 32
# Up to so many points, merging all of them in pairs takes less time than building Wu's tables.
_FEW_POINTS = 512


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """Entries near a minimum of the error, and how they were found.

    Attributes
    ----------
    entries : ndarray, shape (k, d)
        Like the histogram's colours, and these themselves where there are no more of them than were asked
        for. Some may be equal, or nearest to no colour.
    iterations : int
    converged : bool
        As in ``LloydResult``.
    """

    entries: Integers
    iterations: int
    converged: bool


def all_colors(histogram: Histogram, fixed: Integers, count: int) -> Integers | None:
    """The fixed entries and all colours that are not among them, if that makes no more than ``count``."""
    if len(histogram.colors) > count:
        return None
    others = histogram.colors[~np.isin(codes_of(histogram.colors), codes_of(fixed))]
    return np.concatenate([fixed, others]) if len(fixed) + len(others) <= count else None


def learn(histogram: Histogram, count: int, settings: Settings, fixed: Integers) -> SearchResult:
    """Look for the best ``count`` entries for a histogram's colours; alpha has no special part in it.

    Parameters
    ----------
    fixed : ndarray, shape (m, d)
        Entries that are there anyway, like the histogram's colours; the first of the result.
    """
    everything = all_colors(histogram, fixed, count)
    if everything is not None:
        return SearchResult(everything, 0, True)
    if len(fixed) == count:
        return SearchResult(fixed, 0, True)
    given = replace(histogram, colors=fixed, weights=np.ones(len(fixed), np.int64))
    if settings.init == "wu":
        points, still = search_points(histogram), search_points(given).coords
        descent = _search(replace(points, fixed=len(fixed)), still, count, settings)
    else:
        points, still = fine_points(histogram), fine_points(given).coords
        seeds = random_pixels if settings.init == "random" else kmeans_plus_plus
        centers = np.concatenate([still, seeds(points, count - len(fixed), settings.seed)])
        tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
        descent = lloyd(replace(points, fixed=len(fixed)), centers, settings.max_iter, tol)
    found = colors_at(descent.centers[len(fixed) :], points, histogram)
    return SearchResult(np.concatenate([fixed, found]), descent.iterations, descent.converged)


def _search(points: Points, still: Floats, count: int, settings: Settings) -> LloydResult:
    """From coarse to fine: seed and swap on few points, then descend on more, at last on all colours.

    The first centres are ``still``, and stay that.
    """
    effort = EFFORTS[settings.effort]
    medium = reduce_to_cells(points, for_colors(effort.descent_points, count))
    coarse = reduce_to_cells(medium, for_colors(effort.search_points, count))
    lloyd_steps = effort.swap_lloyd_steps[count > _FEW_COLORS]
    plan = SwapPlan(effort.swap_tries, effort.swap_share, lloyd_steps, effort.swap_kicks)
    found: list[Floats] = []
    used = 0
    for start in _starts(replace(coarse, fixed=0), count - len(still), effort):
        descent = _descend(coarse, np.concatenate([still, start]), None, settings, used)
        used += descent.iterations
        swapped = swap(coarse, descent.centers, plan, _left(settings, used))
        used += swapped.iterations
        found.append(swapped.centers)
    errors = [relative_error(coarse, centers) for centers in found] if len(found) > 1 else [0.0]
    kicked = kick(coarse, found[errors.index(min(errors))], plan, _left(settings, used))
    used += kicked.iterations
    descent = _descend(medium, kicked.centers, None, settings, used)
    used += descent.iterations
    if len(points.weights) <= effort.refine_colors:
        descent = _descend(points, descent.centers, effort.refine_iterations, settings, used)
        used += descent.iterations
    return LloydResult(descent.centers, used, descent.converged)


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


def _descend(
    points: Points, centers: Floats, limit: int | None, settings: Settings, used: int
) -> LloydResult:
    """Lloyd's descent, with what ``max_iter`` leaves of the iterations after ``used``."""
    tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
    descent = lloyd(points, centers, _smallest(limit, _left(settings, used)), tol, RELAXATION)
    stopped_by_itself = descent.converged or descent.iterations == limit
    return LloydResult(descent.centers, descent.iterations, stopped_by_itself)


def _left(settings: Settings, used: int) -> int | None:
    """How many iterations are still allowed; None: any number."""
    return None if settings.max_iter is None else settings.max_iter - used


def _smallest(limit: int | None, other: int | None) -> int | None:
    given = [value for value in (limit, other) if value is not None]
    return min(given) if given else None
