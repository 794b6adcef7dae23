"""Joins the stages: from a histogram to a palette, and a label for every distinct colour."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS
from kquant_hooks.quantizer.effort import EFFORTS, for_colors
from kquant_hooks.quantizer.errors import error_scale, psnr_of
from kquant_hooks.quantizer.histogram import (
    Histogram,
    codes_of,
    with_alpha,
    with_opaque_alpha,
)
from kquant_hooks.quantizer.learning import learn_entries, with_fixed
from kquant_hooks.quantizer.mapping import Mapping, errors_in_srgb, losses_of, map_colors
from kquant_hooks.quantizer.ordering import as_given, by_first_use, by_hue, by_lightness, by_population
from kquant_hooks.quantizer.search import SearchResult
from kquant_hooks.quantizer.spaces.space import space_named

# Mapping and ordering depend on each other; they nearly always agree at once.
_ORDER_ROUNDS = 8
# A sample is taken of pictures with at least this many times its pixels.
_MIN_SAMPLING = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clustering:
    """A quantized histogram.

    Attributes
    ----------
    histogram : Histogram
        With alpha if the palette or the picture has it.
    entries : ndarray, shape (k, d)
        The palette, like the histogram's colours; distinct. All are used, except given ones.
    labels : ndarray of uint8, shape (n,)
        The entry of each distinct colour.
    errors : ndarray of int64, shape (n,)
        The squared error of one pixel of each colour; see ``squared_errors``.
    mse : float
        The mean over pixels of the sum over channels of squared errors in sRGB, in squared levels; with
        alpha, averaged over a black and a white background. The mean over colours if the pixels were not
        counted.
    psnr : float
        In decibels, over these channels; infinite if nothing changed.
    iterations : int
        k-means iterations, including those of the search; 0 if nothing was learned.
    converged : bool
        False if ``max_iter`` ended the iterations.
    """

    histogram: Histogram
    entries: Integers
    labels: npt.NDArray[np.uint8]
    errors: Integers
    mse: float
    psnr: float
    iterations: int
    converged: bool


def cluster(
    histogram: Histogram,
    settings: Settings,
    palette_ranks: Integers | None = None,
    learned: SearchResult | None = None,
) -> Clustering:
    """Quantize a histogram.

    Parameters
    ----------
    histogram : Histogram
    settings : Settings
    palette_ranks : ndarray of int, shape (n,), optional
        The place of each colour in an order that the picture has.
    learned : SearchResult, optional
        What was learned from a sample of the same picture; required if the pixels were not counted.

    Raises
    ------
    ValueError
        If one colour is asked for and the picture is partly transparent, or if the given palette has no room
        for transparency.
    """
    histogram = replace(histogram, space=space_named(settings.space))
    if settings.palette is not None:
        learned = SearchResult(entries=settings.palette.colors, iterations=0, converged=True)
        histogram, entries = _with_given(histogram, settings.palette)
        if settings.order == "lightness":
            entries = entries[by_lightness(entries)]
        mapping = map_colors(histogram, entries)
        # A given palette keeps its own order, whatever order the picture has.
        palette_ranks, fixed = None, entries[:0]
    else:
        histogram, fixed = with_fixed(histogram, settings)
        if learned is None or len(histogram.colors) <= settings.colors:
            learned = learn_entries(histogram, settings)
        entries, mapping = _refilled(histogram, learned.entries, settings.colors, fixed)
    entries, mapping = _ordered(histogram, entries, mapping, settings.order, palette_ranks, fixed)
    if settings.palette is None:
        entries, mapping = _without_unused(entries, mapping, fixed)
    errors = errors_in_srgb(histogram, entries, mapping)
    pixels = max(1, int(histogram.weights.sum()))
    mse = int(errors @ histogram.weights) / (error_scale(histogram) * pixels)
    channels = 3 if histogram.alpha else histogram.colors.shape[1]
    psnr = psnr_of(mse, channels, int(np.iinfo(histogram.colors.dtype).max))
    labels = mapping.labels.astype(np.uint8)
    return Clustering(
        histogram=histogram,
        entries=entries,
        labels=labels,
        errors=errors,
        mse=mse,
        psnr=psnr,
        iterations=learned.iterations,
        converged=learned.converged,
    )


def used_entries(entries: Integers, populations: Integers, settings: Settings) -> Integers:
    """The indices of the used entries, in order, after the clustering of a sample.

    Given entries always count as used.
    """
    if settings.palette is not None:
        return np.arange(len(entries))
    used = populations > 0
    if settings.fixed is not None:
        used |= np.isin(codes_of(entries), codes_of(settings.fixed.colors))
    places = np.flatnonzero(used)
    if settings.order == "population":
        places = places[by_population(entries[places], populations[places])]
    return places


def sample_size(settings: Settings, pixels: int) -> int | None:
    """How many of a picture's pixels are enough to learn from; None if all are needed."""
    number = EFFORTS[settings.effort].sample_pixels
    # With alpha, errors are in parts of a level, and too large for ``labels_and_errors``.
    translucent = any(given and given.colors.shape[1] == 4 for given in (settings.palette, settings.fixed))
    if number is None or settings.init != "wu" or settings.order == "population" or translucent:
        return None
    sample = for_colors(number, settings.colors)
    return sample if pixels >= _MIN_SAMPLING * sample else None


def _with_given(histogram: Histogram, palette: Palette) -> tuple[Histogram, Integers]:
    """The histogram and the palette; both with alpha if either has it.

    A transparent entry is put in front if the picture needs one and the palette has none.
    """
    entries: Integers = palette.colors
    if entries.shape[1] == 3 and not histogram.alpha:
        return histogram, entries
    histogram, entries = with_alpha(histogram), with_opaque_alpha(entries)
    if histogram.transparent and not (entries[:, 3] == 0).any():
        if len(entries) == MAX_COLORS:
            raise ValueError(
                f"the palette's {MAX_COLORS} colours leave no room for the transparent pixels; "
                "remove a colour, or give one an alpha of 0"
            )
        entries = np.concatenate([np.zeros((1, 4), np.uint8), entries])
    return histogram, entries


def _refilled(
    histogram: Histogram, entries: Integers, count: int, fixed: Integers
) -> tuple[Integers, Mapping]:
    """Replace equal and unused entries by the colours with the largest error."""
    wanted = min(count, len(histogram.colors) + len(fixed))
    entries, mapping = _used(histogram, entries, fixed)
    while len(entries) < wanted:
        loss = losses_of(histogram, mapping)
        worst = np.argsort(-loss, kind="stable")[: wanted - len(entries)]
        if loss[worst[0]] == 0:
            break
        # A new entry may leave an old one without colours, but the total loss still falls.
        entries, mapping = _used(histogram, np.concatenate([entries, histogram.colors[worst]]), fixed)
    return entries, mapping


def _used(histogram: Histogram, entries: Integers, fixed: Integers) -> tuple[Integers, Mapping]:
    """The distinct entries that are fixed or nearest to a colour, in order of lightness."""
    _, first = np.unique(codes_of(entries), return_index=True)
    entries = entries[first]
    entries = entries[by_lightness(entries)]
    mapping = map_colors(histogram, entries)
    return _without_unused(entries, mapping, fixed)


def _ordered(
    histogram: Histogram,
    entries: Integers,
    mapping: Mapping,
    order: str,
    palette_ranks: Integers | None,
    fixed: Integers,
) -> tuple[Integers, Mapping]:
    """Order entries, perhaps by their use; ties in the mapping depend on the order."""
    for _ in range(_ORDER_ROUNDS):
        if order == "population":
            populations = np.zeros(len(entries), np.int64)
            np.add.at(populations, mapping.labels, histogram.weights)
            places = by_population(entries, populations)
        elif order == "hue":
            places = by_hue(entries)
        elif order == "given" and (palette_ranks is not None or len(fixed)):
            places = np.arange(len(entries))
            if palette_ranks is not None:
                places = by_first_use(mapping.labels, palette_ranks, len(entries))
            if len(fixed):
                places = places[as_given(codes_of(entries[places]), codes_of(fixed), entries[places])]
        else:
            break
        if np.array_equal(places, np.arange(len(places))):
            break
        entries = entries[places]
        mapping = map_colors(histogram, entries)
    return entries, mapping


def _without_unused(entries: Integers, mapping: Mapping, fixed: Integers) -> tuple[Integers, Mapping]:
    """The used entries, in the same order; each colour keeps its nearest entry."""
    used = np.bincount(mapping.labels, minlength=len(entries)) > 0
    if len(fixed):
        used |= np.isin(codes_of(entries), codes_of(fixed))
    rank = np.cumsum(used) - 1
    return entries[used], Mapping(rank[mapping.labels], mapping.errors)
