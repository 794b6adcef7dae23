"""A PNG's rows, filtered where that pays, and deflated by Python's zlib.

On indices its level 8 gives fewer bytes than Pillow's level 9, in a third of the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

# Blocks of 8192 symbols, each with codes of its own: measured, 7 and 8 are best.
_MEMORY_LEVEL = 7
# Filtered rows look less alike, and deflate's search in them takes long for very little from this level up.
_QUICK_LEVEL = 6
_HIGHEST_LEVEL = 9
_ROWS_AT_ONCE = 64
# Of every so many groups of rows one is deflated with each filter, to see which makes it smallest.
_TRIED = 8
_ROWS_TRIED = 16

Rows = npt.NDArray[np.uint8]


def deflated_rows(raw: bytes, stride: int, level: int, *, may_filter: bool) -> bytes:
    """Deflate the rows of a picture for a PNG.

    Parameters
    ----------
    raw : bytes
        All rows, one after the other.
    stride : int
        Bytes of a row.
    level : int
        zlib's, 1..9.
    may_filter : bool
        Whether to try the filters: they are of no use where several pixels share a byte.
    """
    rows = np.frombuffer(raw, np.uint8).reshape(-1, stride)
    method = _smallest(rows) if may_filter else "none"
    if method != "none" and level < _HIGHEST_LEVEL:
        level = min(level, _QUICK_LEVEL)
    return _deflated(rows, range(0, len(rows), _ROWS_AT_ONCE), _ROWS_AT_ONCE, method, level)


def _smallest(rows: Rows) -> str:
    """The filter with which some of the rows become smallest."""
    groups = range(0, len(rows), _ROWS_TRIED * (_TRIED if len(rows) > _ROWS_TRIED * _TRIED else 1))
    sizes = {method: len(_deflated(rows, groups, _ROWS_TRIED, method, _QUICK_LEVEL)) for method in _FILTERS}
    return min(sizes, key=lambda method: sizes[method])


def _deflated(rows: Rows, starts: range, count: int, method: str, level: int) -> bytes:
    """Groups of so many rows, each row with the number of its filter in front."""
    number, predicted = _FILTERS[method]
    deflate: Any = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY_LEVEL)
    # One row and one column of zeros stand for what is beyond the edges.
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
    """Whichever of the three is nearest to ``left + above - corner``; ties go to the left, then above."""
    to_left, to_above = above.astype(np.int16) - corner, left.astype(np.int16) - corner
    distances = np.abs(to_left), np.abs(to_above), np.abs(to_left + to_above)
    nearest_left = (distances[0] <= distances[1]) & (distances[0] <= distances[2])
    return np.where(nearest_left, left, np.where(distances[1] <= distances[2], above, corner))


# Number in the file, and what is expected of a byte that is known by its neighbours: left, above, corner.
_FILTERS: dict[str, tuple[int, Callable[[Rows, Rows, Rows], Rows | int]]] = {
    "none": (0, lambda _left, _above, _corner: 0),
    "sub": (1, lambda left, _above, _corner: left),
    "up": (2, lambda _left, above, _corner: above),
    "paeth": (4, _paeth),
}
