"""Photoshop's color table, ``.act``: 256 times R, G, B, then perhaps a count and the transparent index.

As Adobe's "Photoshop File Formats Specification" has it, under "Color Table". Aseprite always names the first
colour as the transparent one; nothing tells such files from those that mean it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import fields_at
from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch

_COLORS = 3 * MAX_COLORS
_NOT_TRANSPARENT = 0xFFFF


def begins(data: bytes) -> bool:
    """Whether a file is one: it has nothing but its length to be known by."""
    return len(data) in (_COLORS, _COLORS + 4)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError where it is damaged."""
    count, transparent = MAX_COLORS, _NOT_TRANSPARENT
    if len(data) > _COLORS:
        count, transparent = fields_at(data, _COLORS, ">HH")
    if not 1 <= count <= MAX_COLORS:
        raise ValueError(f"byte {_COLORS}: expected a number of colours from 1 to {MAX_COLORS}, got {count}")
    for index in range(count):
        levels = tuple(data[3 * index : 3 * index + 3])
        yield Swatch((*levels, 0) if index == transparent else levels)


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of the colours, of which one may be transparent; names are left out."""
    clear = [index for index, (levels, _) in enumerate(swatches) if levels[3:] == (0,)]
    translucent = sum(levels[3:] not in ((), (0,), (255,)) for levels, _ in swatches)
    if len(clear) > 1 or translucent:
        found = f"{len(clear)} and {translucent} translucent ones"
        raise ValueError(f"its format can hold one colour of alpha 0 beside opaque ones, got {found}")
    table = b"".join(bytes(levels[:3]) for levels, _ in swatches).ljust(_COLORS, b"\0")
    return table + struct.pack(">HH", len(swatches), *(clear or [_NOT_TRANSPARENT]))
