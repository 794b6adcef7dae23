"""Where the stages are joined: histogram in, palette and a label for every distinct colour out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kquant_hooks.quantizer.arrays import Floats, Integers, Points
from kquant_hooks.quantizer.cells import reduce_to_cells
from kquant_hooks.quantizer.histogram import (
    Histogram,
    codes_of,
    colors_at,
    design_points,
    exact_coords,
    fine_points,
    opaque_rows,
    with_alpha,
)
from kquant_hooks.quantizer.kmeans import Descent, lloyd, relative_error, split_to, swap
from kquant_hooks.quantizer.mapping import Mapping, map_colors
from kquant_hooks.quantizer.opacity import divide_by_opacity
from kquant_hooks.quantizer.ordering import by_first_use, by_lightness, by_population
from kquant_hooks.quantizer.palette import MAX_COLORS, Palette
from kquant_hooks.quantizer.seeding import (
    farthest_points,
    kmeans_plus_plus,
    merge_pairs,
    random_pixels,
    wu_cuts,
)
from kquant_hooks.quantizer.settings import EFFORTS, Effort, Settings

# Up to so many products of points and centres an iteration costs so little that several starts are tried.
_SMALL_SEARCH = 1 << 14
# Up to so many points, merging all of them in pairs takes less time than building Wu's tables.
_FEW_POINTS = 512
# Mapping and ordering each depend on the other; nearly always they agree at once.
_ORDER_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """A histogram quantized.

    Attributes
    ----------
    entries : ndarray, shape (k, d)
        The palette, like the histogram's colours; distinct. Each is used, save where it was given.
    labels : ndarray of uint8, shape (n,)
        The entry of each distinct colour.
    mse : float
        Mean over pixels of the sum over channels of squared errors, in squared levels; colours with alpha
        are compared premultiplied, alpha included.
    psnr : float
        In decibels, over all channels; infinite where nothing changed.
    iterations : int
        k-means iterations, those of the search included; 0 where nothing was learnt.
    converged : bool
        False where ``max_iter`` ended the descent.
    """

    entries: Integers
    labels: npt.NDArray[np.uint8]
    mse: float
    psnr: float
    iterations: int
    converged: bool


def cluster(histogram: Histogram, settings: Settings, ranks: Integers | None = None) -> Clustering:
    """Quantize a histogram.

    Parameters
    ----------
    histogram : Histogram
    settings : Settings
    ranks : ndarray of int, shape (n,), optional
        Place of each colour in an order that the picture came with.

    Raises
    ------
    ValueError
        If one colour is wanted of a picture that is transparent in part; if the given palette is not of
        the histogram's kind or has no room for transparency.
    """
    learnt = Descent(np.empty(0), 0, True)
    if settings.palette is not None:
        histogram, entries = _with_given(histogram, settings.palette)
        if settings.order == "lightness":
            entries = entries[by_lightness(entries)]
        mapping = map_colors(histogram, entries)
        # Its order is the one that is given, whatever order the picture came with.
        ranks = None
    else:
        if len(histogram.colors) <= settings.colors:
            entries = histogram.colors
        else:
            entries, learnt = _learn(histogram, settings)
        entries, mapping = _fill(histogram, entries, settings.colors)
    entries, mapping = _reorder(histogram, entries, mapping, settings.order, ranks)
    if settings.palette is None:
        entries, mapping = _without_unused(entries, mapping)
    _, _, unit = exact_coords(histogram.colors[:0], alpha=histogram.alpha)
    total = int(mapping.errors @ histogram.weights)
    pixels = max(1, int(histogram.weights.sum()))
    mse = total / (unit * unit * pixels)
    peak = int(np.iinfo(histogram.colors.dtype).max)
    psnr = 10 * math.log10(peak * peak * histogram.colors.shape[1] / mse) if total else math.inf
    labels = mapping.labels.astype(np.uint8)
    return Clustering(entries, labels, mse, psnr, learnt.iterations, learnt.converged)


def _with_given(histogram: Histogram, palette: Palette) -> tuple[Histogram, Integers]:
    """The histogram and the palette with alpha where either has it.

    A transparent entry is put in front where the picture needs one and the palette has none.
    """
    entries: Integers = palette.colors
    if entries.shape[1] == 3 and not histogram.alpha:
        return histogram, entries
    histogram, entries = with_alpha(histogram), opaque_rows(entries)
    if histogram.transparent and not (entries[:, 3] == 0).any():
        if len(entries) == MAX_COLORS:
            raise ValueError(
                f"the palette's {MAX_COLORS} colours leave no room for the transparent pixels; "
                "drop one, or give one alpha 0"
            )
        entries = np.concatenate([np.zeros((1, 4), np.uint8), entries])
    return histogram, entries


def _learn(histogram: Histogram, settings: Settings) -> tuple[Integers, Descent]:
    """Entries near a minimum of the error: at most ``settings.colors``, perhaps equal or unused ones."""
    if not histogram.alpha:
        return _learn_visible(histogram, settings.colors, settings)
    reserved = np.zeros((int(histogram.transparent), 4), np.uint8)
    count = settings.colors - len(reserved)
    if count == 0:
        raise ValueError(
            "colors=1 cannot keep transparent pixels apart from visible ones; use colors=2 or more"
        )
    visible = histogram.colors[:, 3] > 0
    solid = histogram.colors[:, 3] == 255
    part = Histogram(histogram.colors[visible], histogram.weights[visible], True)
    entries, learnt = _learn_visible(part, count, settings)
    entries = np.concatenate([reserved, divide_by_opacity(part, entries)])
    if np.count_nonzero(solid) > count:
        # Crisp icons with soft edges do better with opaque entries only.
        part = Histogram(histogram.colors[solid, :3], histogram.weights[solid], False)
        other_entries, other_learnt = _learn_visible(part, count, settings)
        other_entries = np.concatenate([reserved, opaque_rows(other_entries)])
        if _total_error(histogram, other_entries) < _total_error(histogram, entries):
            return other_entries, other_learnt
    return entries, learnt


def _learn_visible(histogram: Histogram, count: int, settings: Settings) -> tuple[Integers, Descent]:
    if settings.init == "wu":
        points = design_points(histogram)
        learnt = _search(points, count, settings)
    else:
        points = fine_points(histogram)
        seeds = random_pixels if settings.init == "random" else kmeans_plus_plus
        centers = seeds(points, count, settings.seed)
        tol = EFFORTS[settings.effort].tol if settings.tol is None else settings.tol
        learnt = lloyd(points, centers, settings.max_iter, tol)
    return colors_at(learnt.centers, points, histogram), learnt


def _total_error(histogram: Histogram, entries: Integers) -> int:
    return int(map_colors(histogram, entries).errors @ histogram.weights)


def _search(points: Points, count: int, settings: Settings) -> Descent:
    """From coarse to fine: seed and swap on few points, then descend on more, at last on all colours."""
    effort = EFFORTS[settings.effort]
    medium = reduce_to_cells(points, effort.descent_points)
    coarse = reduce_to_cells(medium, effort.search_points)
    few = len(coarse.weights) <= _FEW_POINTS
    found: list[Floats] = []
    used = 0
    for centers in _starts_of_few(coarse, count, effort) if few else _starts(coarse, count, effort):
        descent = _descend(coarse, centers, None, effort.swap_tries, settings, used)
        used += descent.iterations
        found.append(descent.centers)
    errors = [relative_error(coarse, centers) for centers in found] if len(found) > 1 else [0.0]
    descent = Descent(found[errors.index(min(errors))], used, descent.converged)
    stages: list[tuple[Points, int | None]] = [(medium, None)]
    if len(points.weights) <= effort.refine_colors:
        stages.append((points, effort.refine_iterations))
    for stage, limit in stages:
        descent = _descend(stage, descent.centers, limit, 0, settings, used)
        used += descent.iterations
    return Descent(descent.centers, used, descent.converged)


def _starts(points: Points, count: int, effort: Effort) -> Iterator[Floats]:
    several = count * len(points.weights) <= _SMALL_SEARCH
    for oversplit in effort.oversplits if several else effort.oversplits[:1]:
        means, weights = wu_cuts(points, count * oversplit)
        yield _merged(points, means, weights, count)


def _starts_of_few(points: Points, count: int, effort: Effort) -> Iterator[Floats]:
    """Where all points can be merged in pairs, that is quicker than Wu's tables and no worse."""
    yield _merged(points, points.coords.astype(np.float64), points.weights, count)
    if len(effort.oversplits) > 1:
        yield split_to(points, farthest_points(points, count), count)


def _merged(points: Points, means: Floats, weights: Floats, count: int) -> Floats:
    centers = np.rint(merge_pairs(means, weights, count)).astype(points.coords.dtype)
    return split_to(points, centers, count)


def _descend(
    points: Points, centers: Floats, limit: int | None, tries: int, settings: Settings, used: int
) -> Descent:
    """Lloyd's descent, then swaps, with what ``max_iter`` leaves of the iterations after ``used``."""
    effort = EFFORTS[settings.effort]
    tol = effort.tol if settings.tol is None else settings.tol
    descent = lloyd(points, centers, _least(limit, _left(settings, used)), tol)
    stopped_by_itself = descent.converged or descent.iterations == limit
    left = _left(settings, used + descent.iterations, effort.swap_settle)
    swapped = swap(points, descent.centers, _least(tries, left) or 0, effort.swap_share, effort.swap_settle)
    return Descent(swapped.centers, descent.iterations + swapped.iterations, stopped_by_itself)


def _left(settings: Settings, used: int, unit: int = 1) -> int | None:
    """How many times ``unit`` iterations are still allowed; None: any number."""
    return None if settings.max_iter is None else (settings.max_iter - used) // unit


def _least(limit: int | None, other: int | None) -> int | None:
    given = [value for value in (limit, other) if value is not None]
    return min(given) if given else None


def _fill(histogram: Histogram, entries: Integers, count: int) -> tuple[Integers, Mapping]:
    """Give the places of equal and of unused entries to the colours that fit worst."""
    wanted = min(count, len(histogram.colors))
    entries, mapping = _used(histogram, entries)
    before = 0
    while before < len(entries) < wanted:
        before = len(entries)
        loss = mapping.errors * histogram.weights
        worst = np.argsort(-loss, kind="stable")[: wanted - before]
        entries, mapping = _used(histogram, np.concatenate([entries, histogram.colors[worst]]))
    return entries, mapping


def _used(histogram: Histogram, entries: Integers) -> tuple[Integers, Mapping]:
    """The distinct entries that some colour is nearest to, in order of lightness."""
    _, first = np.unique(codes_of(entries), return_index=True)
    entries = entries[first]
    entries = entries[by_lightness(entries)]
    mapping = map_colors(histogram, entries)
    return _without_unused(entries, mapping)


def _reorder(
    histogram: Histogram, entries: Integers, mapping: Mapping, order: str, ranks: Integers | None
) -> tuple[Integers, Mapping]:
    """Put entries into an order that depends on their use; ties between entries depend on the order."""
    for _ in range(_ORDER_ROUNDS):
        if order == "population":
            populations = np.zeros(len(entries), np.int64)
            np.add.at(populations, mapping.labels, histogram.weights)
            places = by_population(entries, populations)
        elif order == "given" and ranks is not None:
            places = by_first_use(mapping.labels, ranks, len(entries))
        else:
            break
        if np.array_equal(places, np.arange(len(places))):
            break
        entries = entries[places]
        mapping = map_colors(histogram, entries)
    return entries, mapping


def _without_unused(entries: Integers, mapping: Mapping) -> tuple[Integers, Mapping]:
    """Without these the order of the others is the same, and so is every nearest one."""
    used = np.bincount(mapping.labels, minlength=len(entries)) > 0
    rank = np.cumsum(used) - 1
    return entries[used], Mapping(rank[mapping.labels], mapping.errors)
