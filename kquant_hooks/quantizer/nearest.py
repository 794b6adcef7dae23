"""Exactly nearest entry, by one matrix product per chunk.

``|x - c|**2`` without the constant ``|x|**2`` is ``[x, 1] . [-2 c, |c|**2]``, so the scores of a chunk of
points are one product. See ``arrays`` for why the product is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kquant_hooks.quantizer.arrays import Floats, Integers
from kquant_hooks.quantizer.workers import in_slices

# OpenBLAS starts threads for products of more than 2**18 multiplications. Staying at that size keeps it on
# the calling thread: thread start-up costs more than such a product, and many times more beside a busy
# neighbour. It also keeps the chunk of scores inside the second-level cache.
_MULTIPLICATIONS_PER_PRODUCT = 1 << 18
_PRODUCTS_PER_CALL = 8
_ROWS_PER_THREAD = 1 << 15


def nearest(coords: Floats, centers: Floats) -> tuple[Integers, Floats]:
    """Index of the nearest centre for every point, ties to the lowest index, and its score.

    Parameters
    ----------
    coords : ndarray, shape (n, d)
        Integer-valued, of a dtype in which scores are exact.
    centers : ndarray, shape (k, d)
        Integer-valued.

    Returns
    -------
    labels : ndarray of intp, shape (n,)
    scores : ndarray, shape (n,)
        Squared distance less the squared length of the point.
    """
    labels = np.empty(len(coords), np.intp)
    best = np.empty(len(coords), coords.dtype)

    def find(rows: slice) -> None:
        for part, line, scores in _score_chunks(coords, centers, rows):
            np.argmin(scores, axis=1, out=labels[part])
            best[part] = scores[line, labels[part]]

    in_slices(find, len(coords), _ROWS_PER_THREAD)
    return labels, best


def nearest_two(coords: Floats, centers: Floats) -> tuple[Integers, Floats, Floats]:
    """As ``nearest``, and the score of the second nearest centre (infinite where there is one centre)."""
    labels = np.empty(len(coords), np.intp)
    best = np.empty(len(coords), coords.dtype)
    second = np.empty(len(coords), coords.dtype)
    for part, line, scores in _score_chunks(coords, centers, slice(0, len(coords))):
        np.argmin(scores, axis=1, out=labels[part])
        best[part] = scores[line, labels[part]]
        scores[line, labels[part]] = np.inf
        np.min(scores, axis=1, out=second[part])
    return labels, best, second


def squared_lengths(coords: Floats) -> Floats:
    """``|x|**2`` of every point: shape (n,), of the coordinates' dtype, in which it is exact."""
    total = np.zeros(len(coords), coords.dtype)
    for channel in range(coords.shape[1]):
        value = coords[:, channel]
        total += value * value
    return total


def _score_chunks(coords: Floats, centers: Floats, rows: slice) -> Iterator[tuple[slice, Integers, Floats]]:
    """Some points at a time: which, their lines in the scores, and their scores in a reused buffer."""
    count, dimensions = centers.shape
    coefficients = np.empty((dimensions + 1, count), coords.dtype)
    coefficients[:dimensions] = -2 * centers.T
    coefficients[dimensions] = squared_lengths(centers)
    per_product = max(1, _MULTIPLICATIONS_PER_PRODUCT // coefficients.size)
    products = max(1, min(_PRODUCTS_PER_CALL, (rows.stop - rows.start) // per_product))
    chunk = np.ones((products, per_product, dimensions + 1), coords.dtype)
    scores = np.empty((products, per_product, count), coords.dtype)
    flat_chunk, flat_scores = chunk.reshape(-1, dimensions + 1), scores.reshape(-1, count)
    lines = np.arange(len(flat_scores))
    for start in range(rows.start, rows.stop, len(lines)):
        part = slice(start, min(start + len(lines), rows.stop))
        size = part.stop - start
        flat_chunk[:size, :dimensions] = coords[part]
        filled = -(-size // per_product)
        np.matmul(chunk[:filled], coefficients, out=scores[:filled])
        yield part, lines[:size], flat_scores[:size]
