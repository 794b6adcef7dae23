"""Pixels as integer codes, and lookups that replace them.

A code is what a mode stores for one pixel, read as one unsigned integer: a grey level (8 bits), a palette
index (8), a 16-bit level (16), R, G, B (24) or R, G, B, A (32, so an opaque colour is ``0xFFBBGGRR``). With
codes, each pixel costs one table access, and neither sorting nor a buffer as large as the picture is needed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from kquant_hooks.clustering.arrays import Integers

Codes = npt.NDArray[np.unsignedinteger]
Lookup = Callable[[Codes], npt.NDArray[np.unsignedinteger]]

# R, G, B, A codes from this one on are opaque.
OPAQUE_BITS = np.uint32(0xFF000000)
# R, G, B, A codes below this one are transparent.
FIRST_VISIBLE = np.uint32(1 << 24)
COLOR_MASK = np.uint32(0x00FFFFFF)


def levels_of(codes: Codes) -> Integers:
    """The bytes of each code, such as R, G, B, A: shape (n, 4), uint8."""
    return codes.astype("<u4").view(np.uint8).reshape(-1, 4)


def make_lookup(codes: Codes, values: Codes, bits: int) -> Lookup:
    """A function that replaces each code by its value: ``codes[i]`` by ``values[i]``.

    Parameters
    ----------
    codes : ndarray, shape (n,)
        Every code that will be looked up; codes of 32 bits must be in ascending order.
    values : ndarray, shape (n,), any unsigned dtype
    bits : {8, 16, 24, 32}
        The width of a code.
    """
    if bits <= 16:
        return _table_lookup(codes, values, bits)
    if bits == 24:
        of_color = _table_lookup(codes, values, 24)
        return lambda block: of_color(block & COLOR_MASK)
    opaque_start = int(np.searchsorted(codes, OPAQUE_BITS))
    of_opaque = _table_lookup(codes[opaque_start:] & COLOR_MASK, values[opaque_start:], 24)
    if opaque_start == 0:
        return lambda block: of_opaque(block & COLOR_MASK)

    def of_any(block: Codes) -> Codes:
        found = of_opaque(block & COLOR_MASK)
        rest = np.flatnonzero(block < OPAQUE_BITS)
        found[rest] = values[np.searchsorted(codes, block[rest])]
        return found

    return of_any


def _table_lookup(codes: Codes, values: Codes, bits: int) -> Lookup:
    # Not initialized, as only the places of known codes are read.
    table = np.empty(1 << bits, values.dtype)
    table[codes] = values
    return lambda block: table.take(block, mode="clip")
