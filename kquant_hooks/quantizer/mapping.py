"""The exactly nearest palette entry of every distinct colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers
from kquant_hooks.clustering.morton import morton_keys, sorting_order
from kquant_hooks.clustering.nearest import nearest
from kquant_hooks.clustering.scores import squared_lengths
from kquant_hooks.quantizer.codes import COLOR_MASK, OPAQUE_BITS, Codes, Lookup, levels_of
from kquant_hooks.quantizer.coords import exact_coords
from kquant_hooks.quantizer.counting import ColorSet
from kquant_hooks.quantizer.errors import squared_errors
from kquant_hooks.quantizer.histogram import Histogram, histogram_like, in_morton_order
from kquant_hooks.quantizer.spaces import srgb
from kquant_hooks.quantizer.threads import few_threads, for_each

# A set of colours is mapped in parts of about this size, and in no more parts than needed: colours that are
# close to each other are mapped faster.
_PART_SIZE, _MIN_PARTS = 1 << 18, 8


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """The entry of each colour of a histogram.

    Attributes
    ----------
    labels : ndarray of intp, shape (n,)
        The index of the nearest entry, ties to the lowest. Opaque colours get only opaque entries, if there
        are any.
    errors : ndarray of int64, shape (n,)
        The exact squared distance of one pixel, in squared units of ``exact_coords``.
    """

    labels: Integers
    errors: Integers


def map_colors(histogram: Histogram, entries: Integers) -> Mapping:
    """Map colours to ``entries``: shape (k, d), k >= 1, like the histogram's colours."""
    coords = exact_coords(histogram, histogram.colors)
    targets = exact_coords(histogram, entries)
    labels = np.empty(len(coords), np.intp)
    errors = np.empty(len(coords), np.int64)
    for selected, allowed in allowed_entries(histogram, entries):
        part = coords[selected]
        if not len(part):
            continue
        places = np.flatnonzero(allowed)
        found, scores = nearest(part, targets[places])
        labels[selected] = places[found]
        errors[selected] = (scores + squared_lengths(part)).astype(np.int64)
    return Mapping(labels, errors)


def errors_in_srgb(histogram: Histogram, entries: Integers, mapping: Mapping) -> Integers:
    """The squared error of one pixel of each colour; see ``squared_errors``."""
    if histogram.alpha or histogram.space != srgb.SPACE:
        return squared_errors(histogram, entries, slice(None), mapping.labels)
    return mapping.errors


def losses_of(histogram: Histogram, mapping: Mapping) -> Floats:
    """The squared error of all pixels of each colour, in float64, as it may exceed 64 bits."""
    return mapping.errors.astype(np.float64) * histogram.weights


def allowed_entries(histogram: Histogram, entries: Integers) -> list[tuple[Bools | slice, Bools]]:
    """Which colours share a set of allowed entries, and which entries these are."""
    everything = np.ones(len(entries), bool)
    if not histogram.alpha:
        return [(slice(None), everything)]
    opaque = entries[:, 3] == 255
    if not opaque.any():
        return [(slice(None), everything)]
    opaque_colors = histogram.colors[:, 3] == 255
    return [(opaque_colors, opaque), (~opaque_colors, everything)]


def labels_and_errors(labels: Integers, errors: Integers) -> Codes:
    """Both in one integer, the error above eight bits: one memory access takes less time than two."""
    return errors.astype(np.uint32) << np.uint32(8) | labels.astype(np.uint8)


def color_set_lookup(
    color_set: ColorSet, histogram: Histogram, entries: Integers, threads: int | None
) -> Lookup:
    """A function that returns the ``labels_and_errors`` of 24-bit codes that are too many to list.

    Parameters
    ----------
    color_set : ColorSet
        The codes that occur.
    histogram : Histogram
        Of some of the colours; without alpha, as errors with alpha are not whole levels.
    entries : ndarray, shape (k, d)
    threads : int, optional
        As for ``threads.in_background``.
    """
    table = np.empty(1 << 24, np.uint32)
    # A power of two.
    parts = max(_MIN_PARTS, 1 << (color_set.count() // _PART_SIZE).bit_length())

    def work(part: int) -> None:
        codes = in_morton_order(color_set.codes(part, parts))
        seen = histogram_like(histogram, codes)
        mapping = map_colors(seen, entries)
        table[codes] = labels_and_errors(mapping.labels, errors_in_srgb(seen, entries, mapping))

    for_each(lambda: work, parts, few_threads(threads))
    return lambda block: table.take(block & COLOR_MASK, mode="clip")


def nearest_lookup(histogram: Histogram, entries: Integers, bits: int) -> Lookup:
    """A function that returns the labels of codes that are too many to list.

    It remembers the labels of opaque codes. Several threads may use it at once.

    Parameters
    ----------
    histogram : Histogram
        Of some of the colours, with the same channels.
    entries : ndarray, shape (k, d)
    bits : {24, 32}
        The width of a code.
    """
    # Labels plus 1; 0 if the label is not known yet.
    known = np.zeros(1 << 24, np.uint16)

    def labels_of(block: Codes) -> Codes:
        labels = known.take(block & COLOR_MASK, mode="clip")
        if bits == 32:
            labels[block < OPAQUE_BITS] = 0
        unknown = np.flatnonzero(labels == 0)
        if len(unknown):
            codes = block[unknown]
            found = _labels_plus_1(histogram, entries, codes)
            labels[unknown] = found
            kept = slice(None) if bits == 24 else codes >= OPAQUE_BITS
            known[codes[kept] & COLOR_MASK] = found[kept]
        return (labels - np.uint16(1)).astype(np.uint8)

    return labels_of


def _labels_plus_1(histogram: Histogram, entries: Integers, codes: Codes) -> Codes:
    """The labels of codes, plus 1."""
    dimensions = histogram.colors.shape[1]
    order = sorting_order(morton_keys(levels_of(codes)[:, :dimensions], 8), 8 * dimensions)
    ordered = codes if order is None else codes[order]
    mapping = map_colors(histogram_like(histogram, ordered), entries)
    found = (mapping.labels + 1).astype(np.uint16)
    if order is None:
        return found
    labels = np.empty_like(found)
    labels[order] = found
    return labels
