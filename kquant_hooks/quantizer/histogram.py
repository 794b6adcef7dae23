"""Distinct colours with their pixel counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.clustering.morton import morton_keys, sorting_order
from kquant_hooks.quantizer.codes import FIRST_VISIBLE, OPAQUE_BITS, Codes, levels_of
from kquant_hooks.quantizer.spaces import srgb
from kquant_hooks.quantizer.spaces.space import ColorSpace


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """The distinct colours of a picture; palettes depend on nothing else.

    Attributes
    ----------
    colors : ndarray, shape (n, d), uint8 or uint16
        Distinct colours in Morton order of their first three channels. With alpha: R, G, B, A, not
        premultiplied, and all fully transparent pixels as one row of zeros, which comes first.
    weights : ndarray of int64, shape (n,)
        How many pixels have each colour.
    alpha : bool
        Whether the last channel is alpha.
    counted : bool
        Whether the pixels were counted; otherwise all weights are 1.
    space : ColorSpace
        Where distances between the colours are measured.
    """

    colors: Integers
    weights: Integers
    alpha: bool
    counted: bool = True
    space: ColorSpace = srgb.SPACE

    @property
    def transparent(self) -> bool:
        """Whether there are fully transparent pixels."""
        return self.alpha and len(self.colors) > 0 and int(self.colors[0, 3]) == 0


def histogram_of_rgba(codes: Codes, counts: Integers) -> tuple[Histogram, Integers]:
    """The histogram of R, G, B, A codes, which may repeat, and the index of each code's colour in it.

    All transparent codes become one, whatever colours they hide. If all pixels are opaque, the histogram has
    three channels, so the same pixels give the same histogram in every mode.
    """
    rising = len(codes) < 2 or bool((codes[1:] > codes[:-1]).all())
    visible = np.where(codes < FIRST_VISIBLE, np.uint32(0), codes)
    if rising and np.array_equal(visible, codes):
        distinct, inverse, weights = codes, np.arange(len(codes)), counts
    else:
        distinct, inverse = np.unique(visible, return_inverse=True)
        weights = np.zeros(len(distinct), np.int64)
        np.add.at(weights, inverse, counts)
    alpha = bool((distinct < OPAQUE_BITS).any())
    return _in_order(Histogram(levels_of(distinct)[:, : 4 if alpha else 3], weights, alpha), inverse)


def histogram_of_channels(codes: Codes, counts: Integers, channels: int) -> tuple[Histogram, Integers]:
    """The histogram of distinct codes without alpha, such as R, G, B, and the index of each code's colour."""
    return _in_order(Histogram(levels_of(codes)[:, :channels], counts, False), np.arange(len(codes)))


def uncounted_histogram(codes: Codes) -> Histogram:
    """The histogram of distinct R, G, B codes whose pixels were not counted, in the order of the codes."""
    return Histogram(levels_of(codes)[:, :3], np.ones(len(codes), np.int64), False, counted=False)


def histogram_like(histogram: Histogram, codes: Codes) -> Histogram:
    """A histogram of codes in the order given, with as many channels as ``histogram``."""
    return replace(histogram, colors=colors_like(histogram, codes), weights=np.ones(len(codes), np.int64))


def colors_like(histogram: Histogram, codes: Codes) -> Integers:
    """The colours of codes, with as many channels as those of the histogram: shape (n, d)."""
    return levels_of(codes)[:, : histogram.colors.shape[1]]


def in_morton_order(codes: Codes) -> Codes:
    """Distinct 24-bit codes in Morton order by its first 16 bits, which is enough for fast mapping."""
    order = sorting_order(morton_keys(levels_of(codes)[:, :3], 8) >> np.uint32(8), 16)
    return codes if order is None else codes[order]


def histogram_of_levels(codes: Codes, counts: Integers) -> tuple[Histogram, Integers]:
    """The histogram of distinct 16-bit grey levels in ascending order, and the index of each level."""
    return Histogram(codes[:, None], counts, False), np.arange(len(codes))


def codes_of(colors: Integers) -> Codes:
    """The code of each colour: the inverse of the functions above; colours without alpha become opaque."""
    if colors.dtype == np.uint16:
        return colors[:, 0].astype(np.uint16)
    return np.ascontiguousarray(with_opaque_alpha(colors)).view("<u4")[:, 0].astype(np.uint32)


def with_opaque_alpha(colors: Integers) -> Integers:
    """The colours as R, G, B, A: with an alpha of 255 if they have none."""
    if colors.shape[1] == 4:
        return colors
    return np.concatenate([colors, np.full((len(colors), 1), 255, np.uint8)], axis=1)


def with_alpha(histogram: Histogram) -> Histogram:
    """The same R, G, B[, A] histogram, with an alpha channel."""
    return replace(histogram, colors=with_opaque_alpha(histogram.colors), alpha=True)


def _in_order(histogram: Histogram, inverse: Integers) -> tuple[Histogram, Integers]:
    order = sorting_order(morton_keys(histogram.colors[:, :3], 8), 24)
    if order is None:
        return histogram, inverse
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    ordered = replace(histogram, colors=histogram.colors[order], weights=histogram.weights[order])
    return ordered, places[inverse]
