"""The search for entries: seeds, swaps and Lloyd iterations, on more and more points."""

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
# Up to this many points, merging all of them in pairs is faster than building Wu's tables.
_FEW_POINTS = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchResult:
    """Entries near a minimum of the error, and how they were found.

    Attributes
    ----------
    entries : ndarray, shape (k, d)
        Like the histogram's colours, or exactly these if there are no more of them than were asked for. Some
        may be equal, or nearest to no colour.
    iterations : int
    converged : bool
        As in ``LloydResult``.
    """

    entries: Integers
    iterations: int
    converged: bool


def all_colors(histogram: Histogram, fixed: Integers, count: int) -> Integers | None:
    """The fixed entries and all other colours, if these are at most ``count``; otherwise None."""
    if len(histogram.colors) > count:
        return None
    others = histogram.colors[~np.isin(codes_of(histogram.colors), codes_of(fixed))]
    return np.concatenate([fixed, others]) if len(fixed) + len(others) <= count else None


def search(histogram: Histogram, count: int, settings: Settings, fixed: Integers) -> SearchResult:
    """Search for the best ``count`` entries for a histogram's colours; alpha is a channel like the others.

    Parameters
    ----------
    fixed : ndarray, shape (m, d)
        Entries that the result begins with, like the histogram's colours.
    """
    everything = all_colors(histogram, fixed, count)
    if everything is not None:
        return SearchResult(entries=everything, iterations=0, converged=True)
    if len(fixed) == count:
        return SearchResult(entries=fixed, iterations=0, converged=True)
    fixed_only = replace(histogram, colors=fixed, weights=np.ones(len(fixed), np.int64))
    if settings.init == "wu":
        points, fixed_centers = search_points(histogram), search_points(fixed_only).coords
        result = _coarse_to_fine(replace(points, fixed=len(fixed)), fixed_centers, count, settings)
    else:
        points, fixed_centers = fine_points(histogram), fine_points(fixed_only).coords
        seeds = random_pixels if settings.init == "random" else kmeans_plus_plus
        centers = np.concatenate([fixed_centers, seeds(points, count - len(fixed), settings.seed)])
        tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
        result = lloyd(replace(points, fixed=len(fixed)), centers, settings.max_iter, tol)
    found = colors_at(result.centers[len(fixed) :], points, histogram)
    return SearchResult(
        entries=np.concatenate([fixed, found]), iterations=result.iterations, converged=result.converged
    )


def _coarse_to_fine(points: Points, fixed_centers: Floats, count: int, settings: Settings) -> LloydResult:
    """From coarse to fine: seed and swap on few points, then iterate on more, and finally on all colours.

    The first centres are ``fixed_centers``, which do not move.
    """
    effort = EFFORTS[settings.effort]
    medium = reduce_to_cells(points, for_colors(effort.lloyd_points, count))
    coarse = reduce_to_cells(medium, for_colors(effort.search_points, count))
    lloyd_steps = effort.swap_lloyd_steps[count > _FEW_COLORS]
    plan = SwapPlan(
        tries=effort.swap_tries, share=effort.swap_share, lloyd_steps=lloyd_steps, kicks=effort.swap_kicks
    )
    found: list[Floats] = []
    used = 0
    for start in _start_centers(replace(coarse, fixed=0), count - len(fixed_centers), effort):
        result = _iterated(coarse, np.concatenate([fixed_centers, start]), None, settings, used)
        used += result.iterations
        swapped = swap(coarse, result.centers, plan, _left(settings, used))
        used += swapped.iterations
        found.append(swapped.centers)
    errors = [relative_error(coarse, centers) for centers in found] if len(found) > 1 else [0.0]
    kicked = kick(coarse, found[errors.index(min(errors))], plan, _left(settings, used))
    used += kicked.iterations
    result = _iterated(medium, kicked.centers, None, settings, used)
    used += result.iterations
    if len(points.weights) <= effort.refine_colors:
        result = _iterated(points, result.centers, effort.refine_iterations, settings, used)
        used += result.iterations
    return LloydResult(centers=result.centers, iterations=used, converged=result.converged)


def _start_centers(points: Points, count: int, effort: Effort) -> Iterator[Floats]:
    if len(points.weights) <= _FEW_POINTS:
        # Merging all points in pairs is faster than Wu's tables, and no worse.
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


def _iterated(
    points: Points, centers: Floats, limit: int | None, settings: Settings, used: int
) -> LloydResult:
    """Lloyd's iterations, as many as ``max_iter`` leaves after ``used`` ones."""
    tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
    result = lloyd(points, centers, _smallest(limit, _left(settings, used)), tol, RELAXATION)
    converged = result.converged or result.iterations == limit
    return LloydResult(centers=result.centers, iterations=result.iterations, converged=converged)


def _left(settings: Settings, used: int) -> int | None:
    """How many iterations are still allowed; None: no limit."""
    return None if settings.max_iter is None else settings.max_iter - used


def _smallest(limit: int | None, other: int | None) -> int | None:
    limits = [value for value in (limit, other) if value is not None]
    return min(limits) if limits else None
