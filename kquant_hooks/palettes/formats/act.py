"""Photoshop's color table, ``.act``: 256 times R, G, B, perhaps followed by a count and a transparent index.

Specified in Adobe's "Photoshop File Formats Specification", under "Color Table". Aseprite always declares the
first colour transparent; such files cannot be distinguished from those in which it really is.

Dumps of the palette registers of a VGA card have the same length, but levels of 6 bits. A table whose highest
level is exactly 63 is taken for one of these, as nearly all of them have white or another full level.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import fields_at
from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch

_TABLE_SIZE = 3 * MAX_COLORS
_NOT_TRANSPARENT = 0xFFFF
_FULL_VGA_LEVEL = 63


def matches(data: bytes) -> bool:
    """Whether the bytes are as long as a color table, which has no other mark."""
    return len(data) in (_TABLE_SIZE, _TABLE_SIZE + 4)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    count, transparent = MAX_COLORS, _NOT_TRANSPARENT
    if len(data) > _TABLE_SIZE:
        count, transparent = fields_at(data, _TABLE_SIZE, ">HH")
    if not 1 <= count <= MAX_COLORS:
        raise ValueError(
            f"byte {_TABLE_SIZE}: expected a number of colours from 1 to {MAX_COLORS}, got {count}"
        )
    table = data[:_TABLE_SIZE]
    if len(data) == _TABLE_SIZE and max(table) == _FULL_VGA_LEVEL:
        table = bytes(round(level * 255 / _FULL_VGA_LEVEL) for level in table)
    for index in range(count):
        levels = tuple(table[3 * index : 3 * index + 3])
        yield Swatch((*levels, 0) if index == transparent else levels)


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of the colours, one of which may be transparent, without names."""
    transparent = [index for index, (levels, _) in enumerate(swatches) if levels[3:] == (0,)]
    translucent = sum(levels[3:] not in ((), (0,), (255,)) for levels, _ in swatches)
    if len(transparent) > 1 or translucent:
        raise ValueError(
            "its format can hold one transparent colour and no translucent colours, "
            f"got {len(transparent)} transparent and {translucent} translucent colours"
        )
    table = b"".join(bytes(levels[:3]) for levels, _ in swatches).ljust(_TABLE_SIZE, b"\0")
    return table + struct.pack(">HH", len(swatches), *(transparent or [_NOT_TRANSPARENT]))
