"""Which codes occur among pixels, and how often; many pixels are counted without sorting."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Integers
from kquant_hooks.clustering.morton import morton_keys, rgb_of_keys
from kquant_hooks.quantizer.codes import COLOR_MASK, OPAQUE_BITS, Codes, levels_of
from kquant_hooks.quantizer.threads import for_each

# At most this many distinct codes are listed, as each takes about a hundred bytes with all that is known of
# it. Codes with four channels take twice as much memory, so half as many are listed.
MAX_LISTED_3_CHANNELS, MAX_LISTED_4_CHANNELS = 1 << 20, 1 << 19

# Up to this many pixels, sorting is faster than clearing and scanning a table of all 2**24 colours.
MAX_SORTED_PIXELS = 1 << 20
# How many codes one thread sorts at a time.
_PART_SIZE = 1 << 17
# How many places fit into the first and second-level caches.
_PLACES_SIZE = 1 << 15
# A code and its count share one integer.
_COUNT_BITS, _COUNT_MASK = np.uint64(32), np.uint64(0xFFFFFFFF)
# Codes are counted in 2**_HASH_BITS parts; the highest bits of the product with this factor give the part.
_HASH_BITS, _HASH_FACTOR = 2, np.uint32(0x9E3779B1)
# At most this many parts are counted at a time, as each takes memory.
_PARTS_AT_ONCE = 2


class TooManyColorsError(Exception):
    """There are too many distinct codes to list."""


def count_codes(
    blocks: Iterable[Codes], pixels: int, bits: int, threads: int | None = None
) -> tuple[Codes, Integers]:
    """Distinct codes in a fixed order, and the number of pixels of each.

    Parameters
    ----------
    blocks : iterable of ndarray, uint8, uint16 or uint32
        All pixels, in any order; bits above ``bits`` are ignored.
    pixels : int
        How many there are in total.
    bits : {8, 16, 24, 32}
        The width of a code.
    threads : int, optional
        As for ``threads.in_background``.

    Returns
    -------
    codes : ndarray, shape (n,), of uint8, uint16 or uint32
        In ascending order, or in Morton order if they have 24 bits and there are few pixels.
    counts : ndarray of int64, shape (n,)

    Raises
    ------
    TooManyColorsError
        If there are more than ``MAX_LISTED_3_CHANNELS``, or with a translucent one ``MAX_LISTED_4_CHANNELS``.
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
    """Count the distinct codes of 32 bits, however many there are, using about two and a half bytes per code.

    Parameters
    ----------
    read_blocks : callable
        Returns all pixels each time it is called.
    pixels : int
        About how many pixels there are; affects the speed only.
    threads : int
        How many threads may work at a time.
    """
    counts: list[int] = []

    def count(part: int) -> None:
        found, size = np.empty((pixels >> _HASH_BITS) + _PART_SIZE, np.uint32), 0
        for block in read_blocks():
            own, _ = _distinct(block[block * _HASH_FACTOR >> np.uint32(32 - _HASH_BITS) == part])
            if size + len(own) > len(found):
                size = _compact(found[:size])
                least = size + len(own)
                if least > len(found) * 3 // 4:
                    found.resize(least * 3 // 2, refcheck=False)
            found[size : size + len(own)] = own
            size += len(own)
        counts.append(_compact(found[:size]))

    for_each(lambda: count, 1 << _HASH_BITS, min(_PARTS_AT_ONCE, threads))
    return sum(counts)


def _compact(codes: Codes) -> int:
    """Sort codes, move the distinct ones to the front, and return how many there are."""
    codes.sort()
    starts = _starts(codes)
    count = 0
    for begin in range(0, len(codes), _PART_SIZE):
        part = slice(begin, begin + _PART_SIZE)
        distinct = codes[part][starts[part]]
        codes[count : count + len(distinct)] = distinct
        count += len(distinct)
    return count


class ColorSet:
    """A set of 24-bit codes, as a table of all of them; several threads may add to it at once."""

    def __init__(self) -> None:
        self._present = np.zeros(1 << 24, bool)

    def adder(self) -> Callable[[Codes], None]:
        """A function that adds a block of codes; each thread needs its own."""
        places = np.empty(_PLACES_SIZE, np.intp)

        def add(block: Codes) -> None:
            for start in range(0, len(block), _PLACES_SIZE):
                part = block[start : start + _PLACES_SIZE]
                here = places[: len(part)]
                np.bitwise_and(part, COLOR_MASK, out=here)
                self._present[here] = True

        return add

    def count(self) -> int:
        """How many codes the set has."""
        return int(np.count_nonzero(self._present))

    def codes(self, part: int, parts: int) -> Codes:
        """The codes in one of ``parts`` equal parts of the table, in ascending order: uint32."""
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
    pending, most = 0, MAX_LISTED_4_CHANNELS
    for block in blocks:
        if bits == 32:
            below = block < OPAQUE_BITS
            if below.any():
                translucent.append(_packed(*_distinct(block[below])))
                pending += len(translucent[-1])
                block = block[~below]
            if pending > most:
                translucent = [_merged(translucent)]
                pending = len(translucent[0])
                if pending > MAX_LISTED_4_CHANNELS:
                    raise TooManyColorsError
                # Wait for twice as many next time, or each further strip would sort all of them again.
                most = max(most, 2 * pending)
        if len(places) < len(block):
            places = np.empty(len(block), np.intp)
        here = places[: len(block)]
        np.bitwise_and(block, COLOR_MASK, out=here)
        # With indices of the native width this is NumPy's fast path: two nanoseconds per pixel.
        np.add.at(table, here, one)
    present = table != 0
    if np.count_nonzero(present) > MAX_LISTED_3_CHANNELS:
        raise TooManyColorsError
    codes = np.flatnonzero(present).astype(np.uint32)
    counts = table[codes]
    if bits == 24:
        return codes, counts.astype(np.int64)
    packed = _merged([*translucent, _packed(codes | OPAQUE_BITS, counts)])
    return _listed((packed >> _COUNT_BITS).astype(np.uint32), (packed & _COUNT_MASK).astype(np.int64))


def _packed(codes: Codes, counts: Integers) -> Codes:
    """Each code above its count, in one integer of 64 bits."""
    return codes.astype(np.uint64) << _COUNT_BITS | counts.astype(np.uint64)


def _merged(parts: list[Codes]) -> Codes:
    """Packed codes put together, each code once, in ascending order."""
    packed = np.concatenate(parts)
    packed.sort()
    starts = np.flatnonzero(_starts(packed >> _COUNT_BITS))
    if len(starts) < len(packed):
        codes = packed[starts] & ~_COUNT_MASK
        packed = codes | np.add.reduceat(packed & _COUNT_MASK, starts)
    return packed


def _listed(codes: Codes, counts: Integers) -> tuple[Codes, Integers]:
    """Codes of 32 bits in ascending order and their counts, unless there are too many."""
    translucent = len(codes) > 0 and codes[0] < OPAQUE_BITS
    if len(codes) > (MAX_LISTED_4_CHANNELS if translucent else MAX_LISTED_3_CHANNELS):
        raise TooManyColorsError
    return codes, counts


def _sorted_keys(codes: Codes, threads: int | None) -> Codes:
    """The Morton keys of R, G, B codes, sorted."""
    keys = np.empty(len(codes), np.uint32)

    def sort_part(number: int) -> None:
        part = slice(number * _PART_SIZE, (number + 1) * _PART_SIZE)
        keys[part] = morton_keys(levels_of(codes[part])[:, :3], 8)
        keys[part].sort()

    for_each(lambda: sort_part, -(-len(codes) // _PART_SIZE), threads)
    if len(codes) > _PART_SIZE:
        # The sorted parts are only merged.
        keys.sort(kind="stable")
    return keys


def _distinct(block: Codes) -> tuple[Codes, Integers]:
    return _runs(np.sort(block))


def _runs(ordered: Codes) -> tuple[Codes, Integers]:
    starts = np.flatnonzero(_starts(ordered))
    return ordered[starts], np.diff(starts, append=len(ordered))


def _starts(ordered: Codes) -> Bools:
    """Where a different code begins."""
    starts = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    return starts
