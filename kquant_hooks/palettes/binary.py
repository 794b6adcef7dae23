"""Reads fields of binary files, which may end too soon."""

from __future__ import annotations

import struct
from typing import Any


def fields_at(data: bytes, start: int, layout: str) -> tuple[Any, ...]:
    """The fields of a ``struct`` layout at a place; ValueError if the file ends before them."""
    return struct.unpack(layout, bytes_at(data, start, struct.calcsize(layout)))


def bytes_at(data: bytes, start: int, count: int) -> bytes:
    """``count`` bytes of a file from a place; ValueError if the file has fewer."""
    found = data[start : start + count]
    if len(found) < count:
        raise ValueError(f"it ends at byte {len(data)}; expected {count} bytes from byte {start}")
    return found
