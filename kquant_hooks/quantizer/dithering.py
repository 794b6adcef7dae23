"""Dithering: neighbouring pixels get different entries, so that their average comes near the colours.

Colours that are in the palette are never dithered, so that flat areas stay flat. With alpha, opaque colours
get opaque entries only, and what is mixed are colours as seen over grey, with their alpha.
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

# How many entries are mixed in each kind of pattern.
_STEPS = {"bayer-2": 4, "bayer-4": 16, "bayer": 64, "blue-noise": 64}
# Between the entries of larger palettes, which are close to each other, fewer will do, and they have to for
# pictures of very many colours.
_STEPS_OF_MANY = _STEPS | {"bayer": 32, "blue-noise": 16}
_FEW_ENTRIES, _FEW_COLORS = 32, 1 << 18
# So many colours are mixed at a time, so that only the result takes memory for all of them.
_COLORS_AT_ONCE = 1 << 16
_BAYER_SIZES = {"bayer-2": 2, "bayer-4": 4, "bayer": 8}
# What is passed on in error diffusion may be no larger than this part of the palette's widest gap: what is
# more cannot be made up for by any neighbour, and would smear. Of 0.5, 0.75, 1 and no limit, this gave the
# best averages for their noise on photos of CQ100.
_LARGEST_ERROR = 0.75
# In mixtures, where each entry makes up for this share of the error of those before it. With 1 and a limit of
# 0.75 averages were the same, and pixels a third farther from their colours.
_SHARE = 0.5
_LARGEST_SUM = 1.5
# Parts of a level, so that what is passed on is not rounded to whole ones.
_FRACTIONS = 16
# A row is cut into runs of so many pixels, which are worked on side by side.
_RUN = 16
_GOLDEN = (5**0.5 - 1) / 2
_TO_NEXT, _BEHIND, _BELOW, _AHEAD = 7 / 16, 3 / 16, 5 / 16, 1 / 16


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
        With a kind of dithering.
    strips : iterable of (Histogram, ndarray of shape (rows, width))
        The picture from top to bottom, as rows of a histogram of all colours, or of those of each strip.
    count : int
        How many colours the picture has.
    origin : tuple of int
        Where the picture's left upper corner lies in what is seen, so that patterns stand still in it.

    Yields
    ------
    histogram : Histogram
    color_index, labels : ndarray, shape (height, width)
        The colour and the entry of each pixel of a strip.
    """
    if settings.dither == "floyd-steinberg":
        return _diffused(kind, entries, settings.dither_strength, strips)
    few = len(entries) <= _FEW_ENTRIES and count <= _FEW_COLORS
    steps = (_STEPS if few else _STEPS_OF_MANY)[settings.dither]
    return _patterned(entries, settings, steps, strips, origin)


def _patterned(
    entries: Integers, settings: Settings, steps: int, strips: Iterable[Strip], origin: tuple[int, int]
) -> Iterator[tuple[Histogram, Integers, Labels]]:
    """Ordered dithering: which of a colour's mixture a pixel gets depends on its place alone.

    Knoll 1999 (US patent 6606166, expired), *Pattern dithering*: the mixture of each colour is sorted by
    lightness, and a table of thresholds says which of it is taken.
    """
    table = blue_noise() if settings.dither == "blue-noise" else _bayer(_BAYER_SIZES[settings.dither])
    places = table.astype(np.intp) * steps // table.size
    left, top = origin
    mixed = None
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
    """For each colour so many entries, from dark to light, whose average is near it: shape (n, steps)."""
    coords = _coords(histogram, entries)
    limit = _LARGEST_SUM * _widest_gap(coords)
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
                chosen, _ = nearest(part + np.rint(_SHARE * strength * error), targets)
                mixed[:, step] = target_ranks[chosen]
                error = _limited(error + part - targets[chosen], limit)
            mixtures[some] = order.astype(np.uint8)[np.sort(mixed, axis=1)]
    return mixtures


@dataclass(frozen=True, slots=True, eq=False)
class _Diffusion:
    """What each pixel's search for an entry needs; ``d`` coordinates, ``k`` entries.

    Attributes
    ----------
    entries : ndarray of float64, shape (k, d)
    factors, constants : ndarray of float64, shapes (d, k) and (2, k)
        So that a score is ``x @ factors + constants``; the second row is for what gets opaque entries only.
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
    """Error diffusion: what a pixel's entry lacks is added to pixels that come after it.

    Floyd & Steinberg 1976, *An adaptive algorithm for spatial greyscale*, in serpentine order, with one
    change: rows are cut into runs, elsewhere in each row, and what the last pixel of a run would pass on to
    its neighbour goes to the row below. The runs of a row then do not depend on each other, which lets NumPy
    work on all of them at once; averages and noise differ from those of whole rows by a hundredth.
    """
    coords = _coords(kind, entries)
    scores = coefficients(coords, coords.dtype)
    constants = np.stack([scores[:, -1], scores[:, -1]])
    part_opaque = kind.alpha and bool((entries[:, 3] == 255).any())
    if part_opaque:
        constants[1, entries[:, 3] < 255] = np.inf
    factors = np.ascontiguousarray(scores[:, :-1].T)
    diffusion = _Diffusion(coords, factors, constants, _LARGEST_ERROR * _widest_gap(coords), strength)
    passed_down: Floats = np.zeros((1, coords.shape[1]))
    number = 0
    known = None
    for histogram, strip in strips:
        if histogram is not known:
            known = histogram
            colors = _coords(kind, histogram.colors)
            # What takes no error: colours of the palette, and the alpha of opaque ones.
            free = ~_same_entries(histogram, entries)[0]
            solid = histogram.colors[:, -1] == 255 if part_opaque else np.zeros(len(free), bool)
        labels = np.empty(strip.shape, np.uint8)
        for line, row in enumerate(strip):
            runs = len(row) // _RUN + 2
            start = int(number * _GOLDEN % 1 * _RUN)
            inside = slice(start, start + len(row))
            # Beside the picture there is what leaves no error.
            wanted = np.repeat(coords[:1], runs * _RUN, axis=0)
            takes = np.zeros(wanted.shape)
            kinds = np.zeros(len(wanted), np.intp)
            wanted[inside], takes[inside], kinds[inside] = colors[row], free[row, None], solid[row]
            takes[kinds == 1, -1] = 0
            wanted[inside] += passed_down * takes[inside]
            way = slice(None, None, -1 if number % 2 else 1)
            chosen, errors = _diffuse_row(
                diffusion,
                wanted[way].reshape(runs, _RUN, -1),
                takes[way].reshape(runs, _RUN, -1),
                kinds[way].reshape(runs, _RUN),
            )
            labels[line] = chosen.ravel()[way][inside]
            passed_down = _below(errors)[way][inside]
            number += 1
        yield histogram, strip, labels


def _diffuse_row(
    diffusion: _Diffusion, wanted: Floats, takes: Floats, kinds: Integers
) -> tuple[Integers, Floats]:
    """The entries of a row's pixels and their errors: shapes (runs, _RUN) and (runs, _RUN, d)."""
    chosen = np.empty(wanted.shape[:2], np.intp)
    errors = np.empty(wanted.shape)
    now = wanted[:, 0]
    for place in range(_RUN):
        scores = now @ diffusion.factors
        scores += diffusion.constants.take(kinds[:, place], axis=0)
        found = scores.argmin(axis=1)
        error = _limited(now - diffusion.entries.take(found, axis=0), diffusion.limit)
        error = np.rint(error * diffusion.strength)
        chosen[:, place], errors[:, place] = found, error
        if place + 1 < _RUN:
            now = wanted[:, place + 1] + np.rint(error * _TO_NEXT) * takes[:, place + 1]
    return chosen, errors


def _below(errors: Floats) -> Floats:
    """What the pixels of a row pass down, in the direction in which it was gone through: shape (m, d)."""
    weighted = errors.copy()
    weighted[:, -1] /= 1 - _TO_NEXT
    weighted = weighted.reshape(-1, errors.shape[2])
    below = weighted * _BELOW
    below[:-1] += weighted[1:] * _BEHIND
    below[1:] += weighted[:-1] * _AHEAD
    rounded: Floats = np.rint(below)
    return rounded


def _limited(error: Floats, limit: float) -> Floats:
    limited: Floats = np.minimum(np.maximum(error, -limit), limit)
    return limited


def _coords(kind: Histogram, colors: Integers) -> Floats:
    """Where colours of a kind lie when distances are measured, with fractions of a level."""
    return exact_coords(kind, colors).astype(np.float64) * (_FRACTIONS if grid_of(kind).unit == 1 else 1)


def _same_entries(histogram: Histogram, entries: Integers) -> tuple[Bools, Labels]:
    """Which colours are in the palette, and as which entry of it."""
    codes, wanted = codes_of(entries), codes_of(histogram.colors)
    if histogram.alpha:
        # All that is transparent is one colour.
        codes[entries[:, 3] == 0] = 0
    codes, places = np.unique(codes, return_index=True)
    found = np.searchsorted(codes, wanted).clip(max=len(codes) - 1)
    return codes[found] == wanted, places[found].astype(np.uint8)


def _widest_gap(entries: Floats) -> float:
    """The largest distance of an entry from its nearest other; 0 for one alone."""
    if len(entries) == 1:
        return 0.0
    apart = ((entries[:, None] - entries[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(np.sqrt(apart.min(axis=1).max()))
