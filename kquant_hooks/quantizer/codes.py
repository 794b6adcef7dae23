"""Pixels as integer codes: count the distinct ones, and look each one up.

A code is what a mode stores for one pixel, seen as one unsigned integer: a grey level (8 bits), a palette
index (8), a 16-bit level (16), R, G, B (24) or R, G, B, A (32; so an opaque colour is ``0xFFBBGGRR``).
Codes keep the work per pixel at one table access, with no sorting of pixels and no buffer as large as the
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.morton import morton_keys, rgb_of_keys
from kquant_hooks.quantizer.workers import for_each

Codes = npt.NDArray[np.unsignedinteger]
Lookup = Callable[[Codes], npt.NDArray[np.unsignedinteger]]

OPAQUE = np.uint32(0xFF000000)
_COLOR = np.uint32(0x00FFFFFF)

# Up to so many pixels sorting them beats clearing and scanning a table of all 2**24 colours.
MOST_SORTED_PIXELS = 1 << 20
# Codes that one thread sorts at a time.
_PART = 1 << 17
MARKS_PARTS = 8
# Places that fit into the first and second-level caches.
_PLACES = 1 << 15
# Codes with alpha are merged into distinct ones whenever this many have gathered.
_MERGE_LIMIT = 1 << 22


def count_codes(
    blocks: Iterable[Codes], pixels: int, bits: int, threads: int | None = None
) -> tuple[Codes, Integers]:
    """Distinct codes in a fixed order and how many pixels carry each.

    Parameters
    ----------
    blocks : iterable of ndarray, uint8, uint16 or uint32
        All pixels, in any order; bits above ``bits`` are ignored.
    pixels : int
        How many there are in all.
    bits : {8, 16, 24, 32}
        Width of a code.
    threads : int, optional
        As for ``workers.meanwhile``.

    Returns
    -------
    codes : ndarray, shape (n,), of uint8, uint16 or uint32
        Rising; those of 24 bits, if the pixels are few, in Morton order instead.
    counts : ndarray of int64, shape (n,)
    """
    if bits <= 16:
        return _count_by_bins(blocks, bits)
    if pixels > MOST_SORTED_PIXELS:
        return _count_by_table(blocks, bits)
    pixels_seen = np.concatenate([np.empty(0, np.uint32), *blocks])
    if bits == 32:
        return _distinct(pixels_seen)
    keys, counts = _runs(_sorted_keys(pixels_seen, threads))
    return rgb_of_keys(keys), counts


class Marks:
    """Which 24-bit codes occur, in a table of all of them; several threads may add to it at once."""

    def __init__(self) -> None:
        self._present = np.zeros(1 << 24, bool)

    def adder(self) -> Callable[[Codes], None]:
        """A function that adds a block of codes, for use in one thread."""
        places = np.empty(_PLACES, np.intp)

        def add(block: Codes) -> None:
            for start in range(0, len(block), _PLACES):
                part = block[start : start + _PLACES]
                here = places[: len(part)]
                np.bitwise_and(part, _COLOR, out=here)
                self._present[here] = True

        return add

    def codes(self, part: int) -> Codes:
        """Those of one of ``MARKS_PARTS`` equal parts of the table that were added, rising: uint32."""
        size = len(self._present) // MARKS_PARTS
        found = np.flatnonzero(self._present[part * size : (part + 1) * size]).astype(np.uint32)
        return found + np.uint32(part * size)


def make_lookup(codes: Codes, values: Codes, bits: int) -> Lookup:
    """A function that replaces each code by the value at its place: ``codes[i]`` by ``values[i]``.

    Parameters
    ----------
    codes : ndarray, shape (n,)
        Every code that will be asked for; those of 32 bits rising.
    values : ndarray, shape (n,), any unsigned dtype
    bits : {8, 16, 24, 32}
        Width of a code.
    """
    if bits <= 16:
        return _table_lookup(codes, values, bits)
    if bits == 24:
        of_color = _table_lookup(codes, values, 24)
        return lambda block: of_color(block & _COLOR)
    opaque_start = int(np.searchsorted(codes, OPAQUE))
    of_opaque = _table_lookup(codes[opaque_start:] & _COLOR, values[opaque_start:], 24)
    if opaque_start == 0:
        return lambda block: of_opaque(block & _COLOR)

    def of_any(block: Codes) -> Codes:
        found = of_opaque(block & _COLOR)
        rest = np.flatnonzero(block < OPAQUE)
        found[rest] = values[np.searchsorted(codes, block[rest])]
        return found

    return of_any


def _table_lookup(codes: Codes, values: Codes, bits: int) -> Lookup:
    # Not cleared: only the places of known codes are ever read.
    table = np.empty(1 << bits, values.dtype)
    table[codes] = values
    return lambda block: table.take(block, mode="clip")


def _count_by_bins(blocks: Iterable[Codes], bits: int) -> tuple[Codes, Integers]:
    counts = np.zeros(1 << bits, np.int64)
    for block in blocks:
        counts += np.bincount(block, minlength=len(counts))
    present = np.flatnonzero(counts)
    return present.astype(np.uint8 if bits == 8 else np.uint16), counts[present]


def _count_by_table(blocks: Iterable[Codes], bits: int) -> tuple[Codes, Integers]:
    table = np.zeros(1 << 24, np.uint32)
    one = np.uint32(1)
    places = np.empty(0, np.intp)
    translucent: list[tuple[Codes, Integers]] = []
    gathered = 0
    merge_at = _MERGE_LIMIT
    for block in blocks:
        if bits == 32:
            below = block < OPAQUE
            if below.any():
                translucent.append(_distinct(block[below]))
                gathered += len(translucent[-1][0])
                block = block[~below]
            if gathered > merge_at:
                translucent = [_merge(translucent)]
                gathered = len(translucent[0][0])
                # Twice as many next time, or each further strip would sort all of them again.
                merge_at = max(merge_at, 2 * gathered)
        if len(places) < len(block):
            places = np.empty(len(block), np.intp)
        here = places[: len(block)]
        np.bitwise_and(block, _COLOR, out=here)
        # With indices of the native width this is NumPy's fast path: two nanoseconds a pixel.
        np.add.at(table, here, one)
    present = np.flatnonzero(table != 0)
    codes = present.astype(np.uint32)
    if bits == 32:
        codes |= OPAQUE
    return _merge([*translucent, (codes, table[present].astype(np.int64))])


def _merge(parts: list[tuple[Codes, Integers]]) -> tuple[Codes, Integers]:
    if len(parts) == 1:
        return parts[0]
    codes, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    counts = np.zeros(len(codes), np.int64)
    np.add.at(counts, place, np.concatenate([part[1] for part in parts]))
    return codes, counts


def _sorted_keys(codes: Codes, threads: int | None) -> Codes:
    """The Morton keys of R, G, B codes, sorted."""
    keys = np.empty(len(codes), np.uint32)

    def sort_part(number: int) -> None:
        part = slice(number * _PART, (number + 1) * _PART)
        keys[part] = morton_keys(codes[part].view(np.uint8).reshape(-1, 4)[:, :3], 8)
        keys[part].sort()

    for_each(lambda: sort_part, -(-len(codes) // _PART), threads)
    if len(codes) > _PART:
        # What is sorted in parts already is only merged.
        keys.sort(kind="stable")
    return keys


def _distinct(block: Codes) -> tuple[Codes, Integers]:
    return _runs(np.sort(block))


def _runs(ordered: Codes) -> tuple[Codes, Integers]:
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])[: len(ordered)]
    return ordered[starts], np.diff(starts, append=len(ordered))
