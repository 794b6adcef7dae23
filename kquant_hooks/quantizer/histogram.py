"""Distinct colours with their pixel counts, and their coordinates for clustering and for mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points, exact_dtype
from kquant_hooks.clustering.morton import morton_keys, sorting_order
from kquant_hooks.quantizer import oklab
from kquant_hooks.quantizer.codes import OPAQUE_BITS, Codes, levels_of

_DESIGN_BITS = 10
_FINE_BITS = 24
# The level of full alpha beside R, G and B.
_ALPHA_LEVELS = 221
# How far apart opaque and translucent colours are put while centres are searched for, in quarter levels, so
# that few clusters hold both. Of 0, 64, 128, 256 and 512 errors were lowest on icons and soft pictures.
_OPACITY_GAP = 128


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """A picture without its geography: results depend on nothing else.

    Attributes
    ----------
    colors : ndarray, shape (n, d), uint8 or uint16
        Distinct colours in Morton order of their first three channels. With alpha: R, G, B, A, not
        premultiplied, and all fully transparent pixels as one row of zeros, which comes first.
    weights : ndarray of int64, shape (n,)
        Pixels of each colour.
    alpha : bool
        Whether the last channel is alpha.
    counted : bool
        Whether the pixels were counted; if not, all weights are 1.
    space : {"srgb", "oklab"}
        Where distances between the colours are measured.
    """

    colors: Integers
    weights: Integers
    alpha: bool
    counted: bool = True
    space: str = "srgb"

    @property
    def transparent(self) -> bool:
        """Whether there are fully transparent pixels."""
        return self.alpha and len(self.colors) > 0 and int(self.colors[0, 3]) == 0


def histogram_of_rgba(codes: Codes, counts: Integers) -> tuple[Histogram, Integers]:
    """From R, G, B, A codes, which may repeat; also the row of the histogram for each code.

    Fully transparent codes become one, whatever colour they hide. Without a translucent pixel the
    histogram has three channels, so that the same pixels give the same histogram in every mode.
    """
    rising = len(codes) < 2 or bool((codes[1:] > codes[:-1]).all())
    visible = np.where(codes < np.uint32(1 << 24), np.uint32(0), codes)
    if rising and np.array_equal(visible, codes):
        distinct, inverse, weights = codes, np.arange(len(codes)), counts
    else:
        distinct, inverse = np.unique(visible, return_inverse=True)
        weights = np.zeros(len(distinct), np.int64)
        np.add.at(weights, inverse, counts)
    alpha = bool((distinct < OPAQUE_BITS).any())
    return _in_order(Histogram(levels_of(distinct)[:, : 4 if alpha else 3], weights, alpha), inverse)


def histogram_of_channels(codes: Codes, counts: Integers, channels: int) -> tuple[Histogram, Integers]:
    """From distinct codes of plain channels, such as R, G, B; also the row of the histogram for each code."""
    return _in_order(Histogram(levels_of(codes)[:, :channels], counts, False), np.arange(len(codes)))


def uncounted_histogram(codes: Codes) -> Histogram:
    """From the distinct 24-bit codes of R, G, B, whose pixels were not counted; in the order of the codes."""
    return Histogram(levels_of(codes)[:, :3], np.ones(len(codes), np.int64), False, counted=False)


def histogram_like(histogram: Histogram, codes: Codes) -> Histogram:
    """One of these codes as they come, in as many channels as the given one has."""
    colors = levels_of(codes)[:, : histogram.colors.shape[1]]
    return replace(histogram, colors=colors, weights=np.ones(len(codes), np.int64))


def in_morton_order(codes: Codes) -> Codes:
    """Distinct 24-bit codes put in Morton order by 16 of its bits, which is enough to look them up."""
    order = sorting_order(morton_keys(levels_of(codes)[:, :3], 8) >> np.uint32(8), 16)
    return codes if order is None else codes[order]


def histogram_of_levels(codes: Codes, counts: Integers) -> tuple[Histogram, Integers]:
    """From 16-bit grey levels; distinct and rising."""
    return Histogram(codes[:, None], counts, False), np.arange(len(codes))


def codes_of(colors: Integers) -> Codes:
    """The code of each colour: the inverse of the functions above, opaque where there is no alpha."""
    if colors.dtype == np.uint16:
        return colors[:, 0].astype(np.uint16)
    return np.ascontiguousarray(opaque_rows(colors)).view("<u4")[:, 0].astype(np.uint32)


def opaque_rows(colors: Integers) -> Integers:
    """R, G, B, A rows: alpha 255 added where there is none."""
    if colors.shape[1] == 4:
        return colors
    return np.concatenate([colors, np.full((len(colors), 1), 255, np.uint8)], axis=1)


def with_alpha(histogram: Histogram) -> Histogram:
    """The same R, G, B[, A] histogram, with an alpha channel."""
    return replace(histogram, colors=opaque_rows(histogram.colors), alpha=True)


def exact_coords(colors: Integers, *, alpha: bool, space: str = "srgb") -> tuple[Floats, int, int]:
    """Where colours lie when distances are measured: premultiplied by alpha.

    With alpha the squared distance is the mean of what is seen over black and over white. It is that of the
    colours as seen over the grey between these and of their alpha, which counts ``sqrt(3) / 2`` as much as a
    channel; that is 221 / 255 but for a thousandth.

    Returns
    -------
    coords : ndarray, shape (n, d)
        Whole levels; with alpha those over grey and 221 A / 255, times 510. In Oklab the levels of
        ``oklab``, times 256; with alpha premultiplied about their zero, and times 65 280.
        Of the float type in which distances are exact.
    bits : int
        Width of these integers.
    unit : int
        How many of them make one level.
    """
    if space == "oklab":
        return _oklab_coords(colors, alpha=alpha)
    # Channel by channel in memory, as most of the work goes.
    if not alpha:
        bits = 8 * colors.dtype.itemsize
        return colors.astype(exact_dtype(bits, colors.shape[1]), order="F"), bits, 1
    coords = 2 * colors.astype(np.float64, order="F")
    opacity = coords[:, 3:] / 2
    coords[:, :3] = (coords[:, :3] - 255) * opacity + 255 * 255
    coords[:, 3] *= _ALPHA_LEVELS
    return coords, 17, 510


def search_points(histogram: Histogram) -> Points:
    """Coordinates for the search: quarter levels, in float32 (16-bit grey: levels, in float64).

    With alpha there is a fifth one, which parts opaque from translucent colours.
    """
    coords, bits, unit = exact_coords(histogram.colors, alpha=histogram.alpha, space=histogram.space)
    if histogram.colors.dtype != np.uint16:
        bits = _DESIGN_BITS
        coords = np.rint(coords * (4 / unit)) if unit > 1 else coords * 4
    if histogram.alpha:
        gap = np.float32(_OPACITY_GAP) * (histogram.colors[:, 3:] == 255)
        coords = np.concatenate([coords, gap], axis=1)
    return _points(coords, histogram.weights, bits)


def fine_points(histogram: Histogram) -> Points:
    """Coordinates on a grid so fine that means on it are means for every purpose, in float64."""
    coords, bits, _ = exact_coords(histogram.colors, alpha=histogram.alpha, space=histogram.space)
    return _points(coords * np.float64(1 << (_FINE_BITS - bits)), histogram.weights, _FINE_BITS)


def colors_at(centers: Floats, points: Points, histogram: Histogram) -> Integers:
    """Centres on the grid of ``points`` rounded to colours like the histogram's: shape (k, d)."""
    dtype = histogram.colors.dtype
    if histogram.alpha:
        _, bits, unit = exact_coords(histogram.colors[:0], alpha=True, space=histogram.space)
        per_level = unit << (_FINE_BITS - bits) if points.bits == _FINE_BITS else 4
        levels = centers[:, :4].astype(np.float64) / per_level
        opaque, zero = _opaque_and_zero(histogram.space)
        levels[:, :3] = (levels[:, :3] - zero) * (opaque / np.maximum(levels[:, 3:], 1 / 255)) + zero
        levels[:, 3] *= 255 / opaque
    else:
        levels = centers.astype(np.float64) / (1 << (points.bits - 8 * dtype.itemsize))
    return _colors_of(levels, dtype, histogram.space)


def mean_colors(weight: Floats, sums: Sequence[Floats], *, alpha: bool, space: str) -> Integers:
    """Means of 8-bit colours, not premultiplied: shape (k, d), uint8.

    Parameters
    ----------
    weight : ndarray, shape (k,)
        Pixels of each mean, not all of them transparent.
    sums : list of d ndarrays, shape (k,)
        Sums over these of each channel of ``exact_coords``.
    """
    if not alpha:
        _, _, unit = exact_coords(np.empty((0, len(sums)), np.uint8), alpha=False, space=space)
        levels = np.stack([total / (unit * weight) for total in sums], axis=1)
        return _colors_of(levels, np.dtype(np.uint8), space)
    *color, coverage = sums
    _, _, unit = exact_coords(np.empty((0, 4), np.uint8), alpha=True, space=space)
    opaque, zero = _opaque_and_zero(space)
    levels = np.empty((len(weight), 4))
    for channel in range(3):
        difference = color[channel] - unit * zero[channel] * weight
        levels[:, channel] = opaque * difference / coverage + zero[channel]
    levels[:, 3] = coverage / (opaque * unit // 255 * weight)
    return _colors_of(levels, np.dtype(np.uint8), space)


def _oklab_coords(colors: Integers, *, alpha: bool) -> tuple[Floats, int, int]:
    """``exact_coords`` in Oklab."""
    coords = oklab.coords_of(colors[:, :3])
    if not alpha:
        return coords, 16, oklab.STEPS
    zero = oklab.STEPS * np.array(oklab.ZERO)
    opacity = colors[:, 3:].astype(np.float64)
    premultiplied = (coords - zero) * opacity + 255 * zero
    coords = np.concatenate([premultiplied, oklab.STEPS * oklab.OPAQUE * opacity], axis=1)
    return coords, 24, 255 * oklab.STEPS


def _opaque_and_zero(space: str) -> tuple[int, Floats]:
    """The level of full alpha, and the level of each channel's zero."""
    if space == "oklab":
        return oklab.OPAQUE, np.array(oklab.ZERO, np.float64)
    return _ALPHA_LEVELS, np.full(3, 127.5)


def _colors_of(levels: Floats, dtype: np.dtype[Any], space: str) -> Integers:
    """Levels rounded to colours; alpha is in 0..255."""
    colors = np.clip(np.rint(levels), 0, np.iinfo(dtype).max).astype(dtype)
    if space == "oklab":
        colors[:, :3] = oklab.colors_of(levels[:, :3])
    return colors


def _points(coords: Floats, weights: Integers, bits: int) -> Points:
    dtype = exact_dtype(bits, coords.shape[1])
    coords = coords.astype(dtype, order="F", copy=False)
    return Points(coords, weights.astype(np.float64), bits)


def _in_order(histogram: Histogram, inverse: Integers) -> tuple[Histogram, Integers]:
    order = sorting_order(morton_keys(histogram.colors[:, :3], 8), 24)
    if order is None:
        return histogram, inverse
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    ordered = replace(histogram, colors=histogram.colors[order], weights=histogram.weights[order])
    return ordered, places[inverse]
