"""Points in Morton order, in which neighbours in a list are neighbours in space.

Morton 1966, *A computer oriented geodetic data base*: the bits of the coordinates, highest first, are
interleaved into one key. Points sorted by it are in the order of a walk through an octree, so each cell of
the octree is one run of points, and a few successive points lie in a small box.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kquant_hooks.clustering.arrays import Floats, Integers

Keys = npt.NDArray[np.unsignedinteger[Any]]

_DIGIT_BITS = 16


def morton_keys(coords: Integers | Floats, bits: int) -> Keys:
    """The key of each point.

    Parameters
    ----------
    coords : ndarray, shape (n, d)
        Integer values in 0..2**bits - 1.
    bits : int
        Width of a coordinate; at most 64 / d.

    Returns
    -------
    ndarray of uint32 or uint64, shape (n,)
        Below ``2**(bits * d)``. The first coordinate has the highest bit.
    """
    dimensions = coords.shape[1]
    dtype: type[np.unsignedinteger[Any]] = np.uint32 if bits * dimensions <= 32 else np.uint64
    keys: Keys = np.zeros(len(coords), dtype)
    for channel in range(dimensions):
        values: Integers = coords[:, channel].astype(np.uint8 if bits <= 8 else np.uint32, copy=False)
        for low in range(0, bits, 8):
            shift = dtype(low * dimensions + dimensions - 1 - channel)
            spread = _spread(min(8, bits - low), dimensions).astype(dtype) << shift
            last = values.dtype.type(len(spread) - 1)
            keys[...] |= spread.take((values >> values.dtype.type(low)) & last)
    return keys


def rgb_of_keys(keys: Keys) -> Keys:
    """The inverse of ``morton_keys`` for R, G and B of eight bits, as ``0xBBGGRR``: uint32, shape (n,)."""
    rgb = _four_bits_each()
    return rgb.take(keys >> np.uint32(12)) << np.uint32(4) | rgb.take(keys & np.uint32(0xFFF))


def sorting_order(keys: Keys, bits: int) -> Integers | None:
    """The stable order that sorts keys of ``bits`` bits; None if they are sorted.

    Sorts by 16-bit digits, lowest first. For these NumPy's stable sort is a radix sort, several times as fast
    as its sorts of longer integers.
    """
    if bool((keys[1:] >= keys[:-1]).all()):
        return None
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    for low in range(_DIGIT_BITS, bits, _DIGIT_BITS):
        digit = (keys >> keys.dtype.type(low)).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order


@cache
def _four_bits_each() -> Keys:
    """R, G and B of twelve bits of a key."""
    rgb = np.zeros(1 << 12, np.uint32)
    for channel in range(3):
        for bit in range(4):
            is_set = (np.arange(1 << 12) >> (3 * bit + 2 - channel)) & 1
            rgb |= (is_set << (8 * channel + bit)).astype(np.uint32)
    return rgb


@cache
def _spread(bits: int, dimensions: int) -> Keys:
    """Every number of ``bits`` bits, with ``dimensions - 1`` zeros between its bits."""
    values = np.arange(1 << bits, dtype=np.uint64)
    spread = np.zeros(1 << bits, np.uint64)
    for bit in range(bits):
        spread |= ((values >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * dimensions)
    return spread
