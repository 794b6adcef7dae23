"""Adds histograms up: as single colours or, if there are too many, as cells of neighbouring colours.

The colours of a cell share the first bits of their Morton keys; two cells make one of the next larger size.
Transparent, translucent and opaque colours never share a cell. The final size depends on all colours, and
sums are whole numbers, so the order of the histograms makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.clustering.morton import Keys, morton_keys
from kquant_hooks.palettes.swatch import MAX_COLORS
from kquant_hooks.quantizer.counting import MAX_LISTED_4_CHANNELS
from kquant_hooks.quantizer.histogram import Histogram, histogram_of_rgba, with_opaque_alpha

# Colours are gathered until there are this many, or half as many as in the sum, and then added.
_MIN_GATHERED = 1 << 14
# Width of a key; the bits above are its kind: transparent, translucent or opaque.
_KEY_BITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells and what is known of each.

    Attributes
    ----------
    shift : int
        How many of the last bits of keys are dropped.
    keys : ndarray of uint64, shape (n,)
        The kind above 32 bits.
    palette_ranks : ndarray of int16, shape (n,)
    sums : ndarray of int64, shape (5, n)
        Sums over pixels of 1, alpha, and alpha times each of R, G and B.
    """

    shift: int
    keys: Keys
    palette_ranks: Integers
    sums: Integers


class Tally:
    """The colours of many R, G, B[, A] pictures; cells if there are more than ``MAX_LISTED_4_CHANNELS``."""

    def __init__(self) -> None:
        self._parts = [_cells_of(Histogram(np.empty((0, 3), np.uint8), np.empty(0, np.int64), False), None)]
        self._gathered = 0

    def add(self, histogram: Histogram, palette_ranks: Integers | None = None) -> None:
        """Add a histogram, perhaps with the place of each colour in the palette of its picture."""
        self._parts.append(_cells_of(histogram, palette_ranks))
        self._gathered += len(histogram.colors)
        if self._gathered > max(_MIN_GATHERED, len(self._parts[0].keys) // 2):
            self._join()

    def total(self) -> tuple[Histogram, Integers, bool]:
        """The sum, the lowest place of each of its colours, and whether these are colours and not cells."""
        self._join()
        cells = self._parts[0]
        weights, coverage, *totals = cells.sums
        alphas = _rounded(coverage, weights)
        codes = alphas << 24
        for channel, total in enumerate(totals):
            codes |= _rounded(total, coverage) << (8 * channel)
        histogram, inverse = histogram_of_rgba(codes.astype(np.uint32), weights)
        palette_ranks = np.full(len(inverse), MAX_COLORS)
        palette_ranks[inverse] = cells.palette_ranks
        return histogram, palette_ranks, cells.shift == 0

    def _join(self) -> None:
        self._parts, self._gathered = [_joined(self._parts)], 0


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """The sum of histograms."""
    tally = Tally()
    for histogram in histograms:
        tally.add(histogram)
    return tally.total()[0]


def condensed(histogram: Histogram) -> Histogram:
    """The same histogram, or one of cells if it has too many colours."""
    return merged([histogram])


def _cells_of(histogram: Histogram, palette_ranks: Integers | None) -> _Cells:
    colors = with_opaque_alpha(histogram.colors)
    alphas = colors[:, 3].astype(np.int64)
    is_opaque = alphas == 255
    keys = morton_keys(colors, 8).astype(np.uint64)
    # With the same number of bits, cells of three channels are smaller than cells of four.
    keys[is_opaque] = morton_keys(colors[is_opaque, :3], 8).astype(np.uint64) << np.uint64(8)
    keys |= ((alphas > 0).astype(np.uint64) + is_opaque) << np.uint64(_KEY_BITS)
    sums = np.empty((5, len(colors)), np.int64)
    sums[0] = histogram.weights
    sums[1] = sums[0] * alphas
    for channel in range(3):
        sums[2 + channel] = sums[1] * colors[:, channel]
    palette_ranks = np.full(len(colors), MAX_COLORS) if palette_ranks is None else palette_ranks
    return _Cells(shift=0, keys=keys, palette_ranks=palette_ranks.astype(np.int16), sums=sums)


def _joined(parts: list[_Cells]) -> _Cells:
    """Cells added up, and enlarged until there are few enough."""
    shift = max(part.shift for part in parts)
    keys = np.concatenate([part.keys >> np.uint64(shift - part.shift) for part in parts])
    keys, places = np.unique(keys, return_inverse=True)
    while len(keys) > MAX_LISTED_4_CHANNELS:
        shift += 1
        keys, larger = np.unique(keys >> np.uint64(1), return_inverse=True)
        places = larger[places]
    sums = np.zeros((5, len(keys)), np.int64)
    for row, total in enumerate(sums):
        np.add.at(total, places, np.concatenate([part.sums[row] for part in parts]))
    palette_ranks = np.full(len(keys), MAX_COLORS, np.int16)
    np.minimum.at(palette_ranks, places, np.concatenate([part.palette_ranks for part in parts]))
    return _Cells(shift=shift, keys=keys, palette_ranks=palette_ranks, sums=sums)


def _rounded(total: Integers, count: Integers) -> Integers:
    """The mean rounded to a whole number; 0 if the count is 0."""
    count = np.maximum(count, 1)
    return (2 * total + count) // (2 * count)
