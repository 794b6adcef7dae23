"""Which codes occur among pixels, and how often: with no sorting of pixels where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Integers
from kquant_hooks.clustering.morton import morton_keys, rgb_of_keys
from kquant_hooks.quantizer.codes import COLOR_MASK, OPAQUE_BITS, Codes, levels_of
from kquant_hooks.quantizer.threads import for_each

# Up to so many distinct codes are listed with what is known of each, which takes some hundred bytes; of those
# with four channels, which take twice as many, half.
MAX_LISTED_3_CHANNELS, MAX_LISTED_4_CHANNELS = 1 << 20, 1 << 19

# Up to so many pixels sorting them beats clearing and scanning a table of all 2**24 colours.
MAX_SORTED_PIXELS = 1 << 20
# Codes that one thread sorts at a time.
_PART = 1 << 17
# Places that fit into the first and second-level caches.
_PLACES = 1 << 15
# A code and its count in one integer.
_COUNT_BITS, _COUNT = np.uint64(32), np.uint64(0xFFFFFFFF)
# Codes are counted in so many parts, and parts are told by the highest bits of the product with this number.
_HASH_BITS, _HASH = 2, np.uint32(0x9E3779B1)
# Each of these parts takes memory, so that no more than two are counted at a time.
_PARTS_AT_ONCE = 2


class TooManyColorsError(Exception):
    """There are more distinct codes than are listed."""


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
        As for ``threads.meanwhile``.

    Returns
    -------
    codes : ndarray, shape (n,), of uint8, uint16 or uint32
        Rising; those of 24 bits, if the pixels are few, in Morton order instead.
    counts : ndarray of int64, shape (n,)

    Raises
    ------
    TooManyColorsError
        If there are more than ``MAX_LISTED_3_CHANNELS`` of 24 bits, or of ``MAX_LISTED_4_CHANNELS`` of 32.
    """
    if bits <= 16:
        return _count_by_bins(blocks, bits)
    if pixels > MAX_SORTED_PIXELS:
        return _count_by_table(blocks, bits)
    pixels_seen = np.concatenate([np.empty(0, np.uint32), *blocks])
    if bits == 32:
        return _listed(*_distinct(pixels_seen))
    keys, counts = _runs(_sorted_keys(pixels_seen, threads))
    return rgb_of_keys(keys), counts


def count_distinct(read_blocks: Callable[[], Iterable[Codes]], pixels: int, threads: int) -> int:
    """How many distinct codes of 32 bits there are, however many, in two bytes and a half for each.

    Parameters
    ----------
    read_blocks : callable
        Gives all pixels, each time that it is called.
    pixels : int
        About how many there are; only the time depends on it.
    threads : int
        How many may work at a time.
    """
    counts: list[int] = []

    def count(part: int) -> None:
        found, size = np.empty((pixels >> _HASH_BITS) + _PART, np.uint32), 0
        for block in read_blocks():
            mine, _ = _distinct(block[block * _HASH >> np.uint32(32 - _HASH_BITS) == part])
            if size + len(mine) > len(found):
                size = _put_in_front(found[:size])
                least = size + len(mine)
                if least > len(found) * 3 // 4:
                    found.resize(least * 3 // 2, refcheck=False)
            found[size : size + len(mine)] = mine
            size += len(mine)
        counts.append(_put_in_front(found[:size]))

    for_each(lambda: count, 1 << _HASH_BITS, min(_PARTS_AT_ONCE, threads))
    return sum(counts)


def _put_in_front(codes: Codes) -> int:
    """Sort codes, put the distinct ones in front, and tell how many these are."""
    codes.sort()
    starts = _starts(codes)
    count = 0
    for begin in range(0, len(codes), _PART):
        part = slice(begin, begin + _PART)
        distinct = codes[part][starts[part]]
        codes[count : count + len(distinct)] = distinct
        count += len(distinct)
    return count


class ColorSet:
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
                np.bitwise_and(part, COLOR_MASK, out=here)
                self._present[here] = True

        return add

    def count(self) -> int:
        """How many codes were added."""
        return int(np.count_nonzero(self._present))

    def codes(self, part: int, parts: int) -> Codes:
        """Those of one of so many equal parts of the table that were added, rising: uint32."""
        size = len(self._present) // parts
        found = np.flatnonzero(self._present[part * size : (part + 1) * size]).astype(np.uint32)
        return found + np.uint32(part * size)


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
    translucent: list[Codes] = []
    gathered, most = 0, MAX_LISTED_4_CHANNELS
    for block in blocks:
        if bits == 32:
            below = block < OPAQUE_BITS
            if below.any():
                translucent.append(_packed(*_distinct(block[below])))
                gathered += len(translucent[-1])
                block = block[~below]
            if gathered > most:
                translucent = [_merged(translucent)]
                gathered = len(translucent[0])
                if gathered > MAX_LISTED_4_CHANNELS:
                    raise TooManyColorsError
                # Twice as many next time, or each further strip would sort all of them again.
                most = max(most, 2 * gathered)
        if len(places) < len(block):
            places = np.empty(len(block), np.intp)
        here = places[: len(block)]
        np.bitwise_and(block, COLOR_MASK, out=here)
        # With indices of the native width this is NumPy's fast path: two nanoseconds a pixel.
        np.add.at(table, here, one)
    present = table != 0
    if np.count_nonzero(present) > MAX_LISTED_3_CHANNELS:
        raise TooManyColorsError
    codes = np.flatnonzero(present).astype(np.uint32)
    counts = table[codes]
    if bits == 24:
        return codes, counts.astype(np.int64)
    packed = _merged([*translucent, _packed(codes | OPAQUE_BITS, counts)])
    return _listed((packed >> _COUNT_BITS).astype(np.uint32), (packed & _COUNT).astype(np.int64))


def _packed(codes: Codes, counts: Integers) -> Codes:
    """Each code in front of its count, in one integer of 64 bits."""
    return codes.astype(np.uint64) << _COUNT_BITS | counts.astype(np.uint64)


def _merged(parts: list[Codes]) -> Codes:
    """The same with each code once, rising."""
    packed = np.concatenate(parts)
    packed.sort()
    starts = np.flatnonzero(_starts(packed >> _COUNT_BITS))
    if len(starts) < len(packed):
        codes = packed[starts] & ~_COUNT
        packed = codes | np.add.reduceat(packed & _COUNT, starts)
    return packed


def _listed(codes: Codes, counts: Integers) -> tuple[Codes, Integers]:
    """The rising codes of 32 bits and their counts, if they are not too many."""
    translucent = len(codes) > 0 and codes[0] < OPAQUE_BITS
    if len(codes) > (MAX_LISTED_4_CHANNELS if translucent else MAX_LISTED_3_CHANNELS):
        raise TooManyColorsError
    return codes, counts


def _sorted_keys(codes: Codes, threads: int | None) -> Codes:
    """The Morton keys of R, G, B codes, sorted."""
    keys = np.empty(len(codes), np.uint32)

    def sort_part(number: int) -> None:
        part = slice(number * _PART, (number + 1) * _PART)
        keys[part] = morton_keys(levels_of(codes[part])[:, :3], 8)
        keys[part].sort()

    for_each(lambda: sort_part, -(-len(codes) // _PART), threads)
    if len(codes) > _PART:
        # What is sorted in parts already is only merged.
        keys.sort(kind="stable")
    return keys


def _distinct(block: Codes) -> tuple[Codes, Integers]:
    return _runs(np.sort(block))


def _runs(ordered: Codes) -> tuple[Codes, Integers]:
    starts = np.flatnonzero(_starts(ordered))
    return ordered[starts], np.diff(starts, append=len(ordered))


def _starts(ordered: Codes) -> Bools:
    """Where another code begins."""
    starts = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    return starts
