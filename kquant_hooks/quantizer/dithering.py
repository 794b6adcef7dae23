"""Dithering: neighbouring pixels get different entries, whose average is close to their colours.

Colours that are in the palette are never dithered, so flat areas stay flat. With alpha, opaque colours get
only opaque entries, and colours are mixed as seen over grey, with their alpha.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kquant_hooks.clustering.arrays import Bools, Floats, Integers
from kquant_hooks.clustering.nearest import nearest
from kquant_hooks.clustering.scores import coefficients
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.blue_noise import blue_noise
from kquant_hooks.quantizer.coords import exact_coords, grid_of
from kquant_hooks.quantizer.histogram import Histogram, codes_of
from kquant_hooks.quantizer.mapping import allowed_entries
from kquant_hooks.quantizer.ordering import by_lightness

Labels = npt.NDArray[np.uint8]
Strip = tuple[Histogram, Integers]

# How many entries each kind of pattern mixes.
_MIXTURE_SIZES = {"bayer-2": 4, "bayer-4": 16, "bayer": 64, "blue-noise": 64}
# The entries of larger palettes are closer to each other, so smaller mixtures are enough. Pictures with a
# great number of colours need them, to save time.
_SMALL_MIXTURE_SIZES = _MIXTURE_SIZES | {"bayer": 32, "blue-noise": 16}
_FEW_ENTRIES, _FEW_COLORS = 32, 1 << 18
# How many colours are mixed at a time, so that only the result takes memory for all of them.
_COLORS_AT_ONCE = 1 << 16
_BAYER_SIZES = {"bayer-2": 2, "bayer-4": 4, "bayer": 8}
# Error diffusion passes on at most this fraction of the palette's widest gap: neighbours cannot compensate a
# larger error, which would smear. Among 0.5, 0.75, 1 and no limit, this one gave the best averages for their
# noise on photos of CQ100.
_ERROR_LIMIT = 0.75
# Each entry of a mixture compensates this fraction of the error of those before it. With 1 and a limit of
# 0.75 averages were the same, but pixels were a third farther from their colours.
_MIXTURE_STRENGTH = 0.5
_SUM_LIMIT = 1.5
# Errors that are passed on are rounded to parts of a level, not to whole levels.
_PARTS_PER_LEVEL = 16
# A row is cut into runs of this many pixels, which are dithered in parallel.
_RUN_LENGTH = 16
_GOLDEN_RATIO = (5**0.5 - 1) / 2
_NEXT_WEIGHT, _BEHIND_WEIGHT, _BELOW_WEIGHT, _AHEAD_WEIGHT = 7 / 16, 3 / 16, 5 / 16, 1 / 16


def dithered(
    kind: Histogram,
    entries: Integers,
    settings: Settings,
    strips: Iterable[Strip],
    count: int,
    origin: tuple[int, int],
) -> Iterator[tuple[Histogram, Integers, Labels]]:
    """The entry of every pixel.

    Parameters
    ----------
    kind : Histogram
        Of all colours, or of some of them.
    entries : ndarray, shape (k, d)
    settings : Settings
        Its ``dither`` is not "none".
    strips : iterable of (Histogram, ndarray of shape (height, width))
        The picture from top to bottom: for each pixel the index of its colour in a histogram, which is that
        of all colours or that of the strip.
    count : int
        How many colours the picture has.
    origin : tuple of int
        Where the picture's top left corner lies on the canvas, so that patterns stay in place there.

    Yields
    ------
    histogram : Histogram
    color_index, labels : ndarray, shape (height, width)
        The colour and the entry of each pixel of a strip.
    """
    if settings.dither == "floyd-steinberg":
        return _diffused(kind, entries, settings.dither_strength, strips)
    few = len(entries) <= _FEW_ENTRIES and count <= _FEW_COLORS
    steps = (_MIXTURE_SIZES if few else _SMALL_MIXTURE_SIZES)[settings.dither]
    return _patterned(entries, settings, steps, strips, origin)


def _patterned(
    entries: Integers, settings: Settings, steps: int, strips: Iterable[Strip], origin: tuple[int, int]
) -> Iterator[tuple[Histogram, Integers, Labels]]:
    """Ordered dithering: the place of a pixel decides which entry of its colour's mixture it gets.

    Knoll 1999 (US patent 6606166, expired), *Pattern dithering*: the mixture of each colour is sorted by
    lightness, and a table of thresholds selects the entry.
    """
    table = blue_noise() if settings.dither == "blue-noise" else _bayer(_BAYER_SIZES[settings.dither])
    places = table.astype(np.intp) * steps // table.size
    left, top = origin
    mixed, mixtures = None, np.empty(0, np.uint8)
    for histogram, color_index in strips:
        if histogram is not mixed:
            mixed = histogram
            mixtures = _mixtures(histogram, entries, settings.dither_strength, steps).ravel()
        height, width = color_index.shape
        lines = places[(np.arange(height) + top) % len(places)]
        tile = lines[:, (np.arange(width) + left) % len(places)]
        yield histogram, color_index, mixtures.take(color_index * steps + tile)
        top += height


def _bayer(size: int) -> Integers:
    """Bayer 1973, *An optimum method for two-level rendition of continuous-tone pictures*."""
    table = np.zeros((1, 1), np.intp)
    while len(table) < size:
        table = np.block([[4 * table, 4 * table + 2], [4 * table + 3, 4 * table + 1]])
    return table


def _mixtures(histogram: Histogram, entries: Integers, strength: float, steps: int) -> Labels:
    """For each colour ``steps`` entries, from dark to light, whose average is near it: shape (n, steps)."""
    coords = _coords(histogram, entries)
    limit = _SUM_LIMIT * _widest_gap(coords)
    order = by_lightness(entries)
    ranks = np.empty(len(order), np.uint8)
    ranks[order] = np.arange(len(order))
    same, labels = _same_entries(histogram, entries)
    mixtures = np.repeat(labels[:, None], steps, axis=1)
    for selected, allowed in allowed_entries(histogram, entries):
        targets, target_ranks = coords[allowed], ranks[allowed]
        wanted = np.zeros(len(same), bool)
        wanted[selected] = ~same[selected]
        numbers = np.flatnonzero(wanted)
        for start in range(0, len(numbers), _COLORS_AT_ONCE):
            some = numbers[start : start + _COLORS_AT_ONCE]
            part = _coords(histogram, histogram.colors[some])
            error = np.zeros_like(part)
            mixed = np.empty((len(some), steps), np.uint8)
            for step in range(steps):
                chosen, _ = nearest(part + np.rint(_MIXTURE_STRENGTH * strength * error), targets)
                mixed[:, step] = target_ranks[chosen]
                error = _limited(error + part - targets[chosen], limit)
            mixtures[some] = order.astype(np.uint8)[np.sort(mixed, axis=1)]
    return mixtures


@dataclass(frozen=True, slots=True, eq=False)
class _Diffusion:
    """What the search for each pixel's entry needs, for ``d`` coordinates and ``k`` entries.

    Attributes
    ----------
    entries : ndarray of float64, shape (k, d)
    factors, constants : ndarray of float64, shapes (d, k) and (2, k)
        A score is ``x @ factors + constants``; the second row is for pixels that get only opaque entries.
    limit, strength : float
    """

    entries: Floats
    factors: Floats
    constants: Floats
    limit: float
    strength: float


def _diffused(
    kind: Histogram, entries: Integers, strength: float, strips: Iterable[Strip]
) -> Iterator[tuple[Histogram, Integers, Labels]]:
    """Error diffusion: the error of each pixel's entry is added to the pixels after it.

    Floyd & Steinberg 1976, *An adaptive algorithm for spatial greyscale*, in serpentine order, with one
    change: rows are cut into runs, at different places in each row, and the last pixel of a run passes its
    whole error to the row below. The runs of a row then do not depend on each other, so NumPy works on all of
    them at once. Averages and noise differ from those of whole rows by a hundredth.
    """
    coords = _coords(kind, entries)
    scores = coefficients(coords, coords.dtype)
    constants = np.stack([scores[:, -1], scores[:, -1]])
    part_opaque = kind.alpha and bool((entries[:, 3] == 255).any())
    if part_opaque:
        constants[1, entries[:, 3] < 255] = np.inf
    factors = np.ascontiguousarray(scores[:, :-1].T)
    diffusion = _Diffusion(
        entries=coords,
        factors=factors,
        constants=constants,
        limit=_ERROR_LIMIT * _widest_gap(coords),
        strength=strength,
    )
    passed_down: Floats = np.zeros((1, coords.shape[1]))
    number = 0
    prepared = None
    for histogram, strip in strips:
        if prepared is None or histogram is not prepared[0]:
            # Colours of the palette accept no error, and opaque pixels accept none in alpha.
            open_colors = ~_same_entries(histogram, entries)[0]
            opaque_only = histogram.colors[:, -1] == 255 if part_opaque else np.zeros(len(open_colors), bool)
            prepared = (histogram, _coords(kind, histogram.colors), open_colors, opaque_only)
        _, colors, open_colors, opaque_only = prepared
        labels = np.empty(strip.shape, np.uint8)
        for line, row in enumerate(strip):
            runs = len(row) // _RUN_LENGTH + 2
            start = int(number * _GOLDEN_RATIO % 1 * _RUN_LENGTH)
            inside = slice(start, start + len(row))
            # Pad the row with pixels that leave no error.
            wanted = np.repeat(coords[:1], runs * _RUN_LENGTH, axis=0)
            accepts = np.zeros(wanted.shape)
            restricted = np.zeros(len(wanted), np.intp)
            wanted[inside], accepts[inside] = colors[row], open_colors[row, None]
            restricted[inside] = opaque_only[row]
            accepts[restricted == 1, -1] = 0
            wanted[inside] += passed_down * accepts[inside]
            direction = slice(None, None, -1 if number % 2 else 1)
            chosen, errors = _diffuse_row(
                diffusion,
                wanted[direction].reshape(runs, _RUN_LENGTH, -1),
                accepts[direction].reshape(runs, _RUN_LENGTH, -1),
                restricted[direction].reshape(runs, _RUN_LENGTH),
            )
            labels[line] = chosen.ravel()[direction][inside]
            passed_down = _below(errors)[direction][inside]
            number += 1
        yield histogram, strip, labels


def _diffuse_row(
    diffusion: _Diffusion, wanted: Floats, accepts: Floats, restricted: Integers
) -> tuple[Integers, Floats]:
    """The entries of a row's pixels and their errors: shapes (runs, length) and (runs, length, d)."""
    chosen = np.empty(wanted.shape[:2], np.intp)
    errors = np.empty(wanted.shape)
    current = wanted[:, 0]
    for place in range(_RUN_LENGTH):
        scores = current @ diffusion.factors
        scores += diffusion.constants.take(restricted[:, place], axis=0)
        found = scores.argmin(axis=1)
        error = _limited(current - diffusion.entries.take(found, axis=0), diffusion.limit)
        error = np.rint(error * diffusion.strength)
        chosen[:, place], errors[:, place] = found, error
        if place + 1 < _RUN_LENGTH:
            current = wanted[:, place + 1] + np.rint(error * _NEXT_WEIGHT) * accepts[:, place + 1]
    return chosen, errors


def _below(errors: Floats) -> Floats:
    """The errors that the pixels of a row pass down, in the order in which it was dithered: shape (m, d)."""
    weighted = errors.copy()
    weighted[:, -1] /= 1 - _NEXT_WEIGHT
    weighted = weighted.reshape(-1, errors.shape[2])
    below = weighted * _BELOW_WEIGHT
    below[:-1] += weighted[1:] * _BEHIND_WEIGHT
    below[1:] += weighted[:-1] * _AHEAD_WEIGHT
    rounded: Floats = np.rint(below)
    return rounded


def _limited(error: Floats, limit: float) -> Floats:
    limited: Floats = np.minimum(np.maximum(error, -limit), limit)
    return limited


def _coords(kind: Histogram, colors: Integers) -> Floats:
    """The coordinates of colours like those of ``kind``, in parts of a level."""
    return exact_coords(kind, colors).astype(np.float64) * (
        _PARTS_PER_LEVEL if grid_of(kind).unit == 1 else 1
    )


def _same_entries(histogram: Histogram, entries: Integers) -> tuple[Bools, Labels]:
    """Which colours are in the palette, and the index of each there."""
    codes, wanted = codes_of(entries), codes_of(histogram.colors)
    if histogram.alpha:
        # All transparent colours are one colour.
        codes[entries[:, 3] == 0] = 0
    codes, places = np.unique(codes, return_index=True)
    found = np.searchsorted(codes, wanted).clip(max=len(codes) - 1)
    return codes[found] == wanted, places[found].astype(np.uint8)


def _widest_gap(entries: Floats) -> float:
    """The largest distance between an entry and the entry nearest to it; 0 if there is one entry."""
    if len(entries) == 1:
        return 0.0
    apart = ((entries[:, None] - entries[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(np.sqrt(apart.min(axis=1).max()))
