"""Squared distances between points and centres, by one matrix product per chunk.

``|x - c|**2`` without the constant ``|x|**2`` is ``[x, 1] . [-2 c, |c|**2]``, so the scores of a chunk of
points are one product. See ``arrays`` for why the product is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers

# OpenBLAS starts threads for products of more than 2**18 multiplications. Products of this size stay on the
# calling thread: starting threads costs more than such a product, and many times more on a busy machine. The
# chunk of scores also stays in the second-level cache.
_MULTIPLICATIONS_PER_PRODUCT = 1 << 18
_PRODUCTS_PER_CALL = 8


def squared_lengths(coords: Floats) -> Floats:
    """``|x|**2`` of every point: shape (n,), of the coordinates' dtype, in which it is exact."""
    total = np.zeros(len(coords), coords.dtype)
    for channel in range(coords.shape[1]):
        value = coords[:, channel]
        total += value * value
    return total


def coefficients(centers: Floats, dtype: np.dtype[Any]) -> Floats:
    """``[-2 c, |c|**2]`` of every centre: shape (k, d + 1)."""
    rows = np.empty((len(centers), centers.shape[1] + 1), dtype)
    rows[:, :-1] = -2 * centers
    rows[:, -1] = squared_lengths(centers)
    return rows


def score_chunks(coords: Floats, centers: Floats) -> Iterator[tuple[slice, Integers, Floats]]:
    """Chunks of points: their slice, the row numbers of their scores, and the scores in a reused buffer."""
    count, dimensions = centers.shape
    columns = np.ascontiguousarray(coefficients(centers, coords.dtype).T)
    per_product = max(1, min(_MULTIPLICATIONS_PER_PRODUCT // columns.size, len(coords)))
    products = max(1, min(_PRODUCTS_PER_CALL, len(coords) // per_product))
    chunk = np.ones((products, per_product, dimensions + 1), coords.dtype)
    scores = np.empty((products, per_product, count), coords.dtype)
    flat_chunk, flat_scores = chunk.reshape(-1, dimensions + 1), scores.reshape(-1, count)
    lines = np.arange(len(flat_scores))
    for start in range(0, len(coords), len(lines)):
        part = slice(start, min(start + len(lines), len(coords)))
        size = part.stop - start
        flat_chunk[:size, :dimensions] = coords[part]
        filled = -(-size // per_product)
        np.matmul(chunk[:filled], columns, out=scores[:filled])
        yield part, lines[:size], flat_scores[:size]
