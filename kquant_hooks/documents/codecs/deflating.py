"""Filters the rows of a PNG if this makes it smaller, and deflates them with Python's zlib.

For palette indices, level 8 gives fewer bytes than Pillow's level 9, in a third of the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

# Blocks of 8192 symbols, each with its own codes: of the levels measured, 7 and 8 are best.
_MEMORY_LEVEL = 7
# Filtered rows repeat less, so from this level up deflate searches long for a very small gain.
_FILTERED_LEVEL = 6
_HIGHEST_LEVEL = 9
_GROUP_ROWS = 64
# To choose a filter, one group of rows in eight is deflated with each.
_SAMPLE_STEP = 8
_SAMPLE_ROWS = 16

Rows = npt.NDArray[np.uint8]


def deflated_rows(raw: bytes, stride: int, level: int, *, may_filter: bool) -> bytes:
    """Deflate the rows of a picture for a PNG.

    Parameters
    ----------
    raw : bytes
        All rows, one after the other.
    stride : int
        Bytes per row.
    level : int
        The compression level of zlib, 1..9.
    may_filter : bool
        Whether to try the filters, which do not help if several pixels share a byte.
    """
    rows = np.frombuffer(raw, np.uint8).reshape(-1, stride)
    method = _best_filter(rows) if may_filter else "none"
    if method != "none" and level < _HIGHEST_LEVEL:
        level = min(level, _FILTERED_LEVEL)
    return _deflated(rows, range(0, len(rows), _GROUP_ROWS), _GROUP_ROWS, method, level)


def _best_filter(rows: Rows) -> str:
    """The filter that makes a sample of the rows smallest."""
    step = _SAMPLE_STEP if len(rows) > _SAMPLE_ROWS * _SAMPLE_STEP else 1
    groups = range(0, len(rows), _SAMPLE_ROWS * step)
    sizes = {
        method: len(_deflated(rows, groups, _SAMPLE_ROWS, method, _FILTERED_LEVEL)) for method in _FILTERS
    }
    return min(sizes, key=lambda method: sizes[method])


def _deflated(rows: Rows, starts: range, count: int, method: str, level: int) -> bytes:
    """Deflate groups of ``count`` rows that begin at ``starts``, each row after the number of its filter."""
    number, predicted = _FILTERS[method]
    deflate: Any = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY_LEVEL)
    # One row and one column of zeros stand for the bytes beyond the edges.
    padded = np.zeros((count + 1, rows.shape[1] + 1), np.uint8)
    parts = []
    for start in starts:
        group = rows[start : start + count]
        padded[0, 1:] = rows[start - 1] if start else 0
        here = padded[: len(group) + 1]
        here[1:, 1:] = group
        lines = np.empty((len(group), rows.shape[1] + 1), np.uint8)
        lines[:, 0] = number
        np.subtract(group, predicted(here[1:, :-1], here[:-1, 1:], here[:-1, :-1]), out=lines[:, 1:])
        parts.append(deflate.compress(lines))
    return b"".join([*parts, deflate.flush()])


def _paeth(left: Rows, above: Rows, corner: Rows) -> Rows:
    """The one of the three that is nearest to ``left + above - corner``; on ties left, then above."""
    to_left, to_above = above.astype(np.int16) - corner, left.astype(np.int16) - corner
    distances = np.abs(to_left), np.abs(to_above), np.abs(to_left + to_above)
    nearest_left = (distances[0] <= distances[1]) & (distances[0] <= distances[2])
    return np.where(nearest_left, left, np.where(distances[1] <= distances[2], above, corner))


# The number in the file, and the prediction of a byte from its neighbours: left, above, corner.
_FILTERS: dict[str, tuple[int, Callable[[Rows, Rows, Rows], Rows | int]]] = {
    "none": (0, lambda _left, _above, _corner: 0),
    "sub": (1, lambda left, _above, _corner: left),
    "up": (2, lambda _left, above, _corner: above),
    "paeth": (4, _paeth),
}
