"""Fields of binary files, of which any may end too soon."""

from __future__ import annotations

import struct
from typing import Any


def fields_at(data: bytes, start: int, layout: str) -> tuple[Any, ...]:
    """What ``struct`` finds at a place; ValueError where the file ends before."""
    return struct.unpack(layout, bytes_at(data, start, struct.calcsize(layout)))


def bytes_at(data: bytes, start: int, count: int) -> bytes:
    """Bytes of a file; ValueError where it ends before."""
    found = data[start : start + count]
    if len(found) < count:
        raise ValueError(f"it ends at byte {len(data)}; expected {count} bytes from byte {start} on")
    return found
