"""Where the colours of a histogram lie when distances between them are measured, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points, exact_dtype
from kquant_hooks.quantizer.histogram import Histogram

_SEARCH_BITS = 10
_FINE_BITS = 24
# How far apart opaque and translucent colours are put while centres are searched for, in quarter levels, so
# that few clusters hold both. Among 0, 64, 128, 256 and 512, this one gave the lowest errors on icons and on
# pictures with soft edges.
_OPACITY_GAP = 128


class Grid(NamedTuple):
    """The grid on which exact coordinates lie.

    Attributes
    ----------
    unit : int
        How many steps of the grid make one level.
    bits : int
        Width of a coordinate.
    """

    unit: int
    bits: int


def grid_of(histogram: Histogram) -> Grid:
    """The grid of the exact coordinates of a histogram's colours."""
    space = histogram.space
    unit = 255 * space.alpha_parts if histogram.alpha else space.parts
    return Grid(unit, (int(np.iinfo(histogram.colors.dtype).max) * unit).bit_length())


def exact_coords(histogram: Histogram, colors: Integers) -> Floats:
    """The coordinates of colours like those of a histogram, premultiplied by alpha: shape (n, d).

    Whole numbers on the grid of ``grid_of``, in a float type in which distances are exact.
    """
    space = histogram.space
    if not histogram.alpha:
        return space.coords_of(colors)
    zero = space.alpha_parts * np.array(space.zero)
    opacity = colors[:, 3:].astype(np.float64)
    # Channel by channel in memory, as most of the work goes.
    coords = np.empty(colors.shape, order="F")
    levels = space.coords_of(colors[:, :3])
    coords[:, :3] = (levels * (space.alpha_parts // space.parts) - zero) * opacity + 255 * zero
    coords[:, 3:] = space.alpha_parts * space.alpha_levels * opacity
    return coords


def search_points(histogram: Histogram) -> Points:
    """Coordinates for the search: quarter levels, in float32 (16-bit grey: levels, in float64).

    With alpha there is a fifth coordinate, which separates opaque from translucent colours.
    """
    coords = exact_coords(histogram, histogram.colors)
    unit, bits = grid_of(histogram)
    if histogram.colors.dtype != np.uint16:
        bits = _SEARCH_BITS
        coords = np.rint(coords * (4 / unit)) if unit > 1 else coords * 4
    if histogram.alpha:
        gap = np.float32(_OPACITY_GAP) * (histogram.colors[:, 3:] == 255)
        coords = np.concatenate([coords, gap], axis=1)
    return _points(coords, histogram.weights, bits)


def fine_points(histogram: Histogram) -> Points:
    """Coordinates on a grid so fine that rounding means to it does not matter, in float64."""
    coords = exact_coords(histogram, histogram.colors)
    scale = np.float64(1 << (_FINE_BITS - grid_of(histogram).bits))
    return _points(coords * scale, histogram.weights, _FINE_BITS)


def colors_at(centers: Floats, points: Points, histogram: Histogram) -> Integers:
    """Centres on the grid of ``points``, rounded to colours like the histogram's: shape (k, d)."""
    if not histogram.alpha:
        levels = centers.astype(np.float64) / (1 << (points.bits - 8 * histogram.colors.dtype.itemsize))
        return _rounded(levels, histogram)
    space, grid = histogram.space, grid_of(histogram)
    per_level = grid.unit << (_FINE_BITS - grid.bits) if points.bits == _FINE_BITS else 4
    levels = centers[:, :4].astype(np.float64) / per_level
    opaque, zero = space.alpha_levels, np.array(space.zero)
    levels[:, :3] = (levels[:, :3] - zero) * (opaque / np.maximum(levels[:, 3:], 1 / 255)) + zero
    levels[:, 3] *= 255 / opaque
    return _rounded(levels, histogram)


def mean_colors(histogram: Histogram, weight: Floats, sums: Sequence[Floats]) -> Integers:
    """Means of 8-bit colours like the histogram's, not premultiplied: shape (k, d), uint8.

    Parameters
    ----------
    histogram : Histogram
    weight : ndarray, shape (k,)
        Pixels of each mean, not all of them transparent.
    sums : list of d ndarrays, shape (k,)
        Sums over these pixels of each channel of ``exact_coords``.
    """
    space, unit = histogram.space, grid_of(histogram).unit
    if not histogram.alpha:
        return _rounded(np.stack([total / (unit * weight) for total in sums], axis=1), histogram)
    *color, coverage = sums
    opaque = space.alpha_levels
    levels = np.empty((len(weight), 4))
    for channel, zero in enumerate(space.zero):
        difference = color[channel] - unit * zero * weight
        levels[:, channel] = opaque * difference / coverage + zero
    levels[:, 3] = coverage / (opaque * space.alpha_parts * weight)
    return _rounded(levels, histogram)


def _rounded(levels: Floats, histogram: Histogram) -> Integers:
    """Levels rounded to colours like the histogram's; their alpha is in 0..255."""
    levels[:, :3] = histogram.space.rgb_of(levels[:, :3])
    dtype = histogram.colors.dtype
    return np.clip(np.rint(levels), 0, np.iinfo(dtype).max).astype(dtype)


def _points(coords: Floats, weights: Integers, bits: int) -> Points:
    dtype = exact_dtype(bits, coords.shape[1])
    coords = coords.astype(dtype, order="F", copy=False)
    return Points(coords, weights.astype(np.float64), bits)
