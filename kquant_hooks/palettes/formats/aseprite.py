"""Palettes of Aseprite's documents, ``.aseprite`` or ``.ase``: chunks of the first frame.

Specified at https://github.com/aseprite/aseprite/blob/main/docs/ase-file-specs.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from kquant_hooks.palettes.binary import bytes_at, fields_at
from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch

_HEADER, _FRAME_HEADER = 128, 16
_MAGIC, _FRAME_MAGIC = b"\xe0\xa5", b"\xfa\xf1"
_PALETTE, _OLD_PALETTE, _OLDER_PALETTE = 0x2019, 0x0004, 0x0011
_HAS_NAME = 1


def matches(data: bytes) -> bool:
    """Whether the bytes are an Aseprite document."""
    return data[4:6] == _MAGIC and data[_HEADER + 4 : _HEADER + 6] == _FRAME_MAGIC


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of the first frame's palette; ValueError if it is damaged."""
    chunks = list(_chunks(data))
    kinds = {kind for _, kind, _ in chunks}
    # Files may have an old palette as well, for old programs.
    wanted = next((kind for kind in (_PALETTE, _OLD_PALETTE, _OLDER_PALETTE) if kind in kinds), None)
    entries: dict[int, Swatch] = {}
    for start, kind, chunk in chunks:
        if kind == wanted:
            try:
                entries |= _entries(chunk) if kind == _PALETTE else _old_entries(chunk, kind)
            except ValueError as error:
                raise ValueError(f"the chunk at byte {start}: {error}") from None
    for index in sorted(entries):
        yield entries[index]


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The place, kind and content of each chunk of the first frame."""
    start = _HEADER
    _, _, old_count, _, _, count = fields_at(data, start, "<IHHHHI")
    start += _FRAME_HEADER
    for _ in range(count or old_count):
        size, kind = fields_at(data, start, "<IH")
        if size < 6:
            raise ValueError(f"byte {start}: expected a chunk size of at least 6, got {size}")
        yield start, kind, bytes_at(data, start + 6, size - 6)
        start += size


def _entries(chunk: bytes) -> dict[int, Swatch]:
    _, first, last = fields_at(chunk, 0, "<III")
    entries = {}
    start = 20
    for index in range(first, last + 1):
        flags, *levels = fields_at(chunk, start, "<H4B")
        start += 6
        name = b""
        if flags & _HAS_NAME:
            (length,) = fields_at(chunk, start, "<H")
            name = bytes_at(chunk, start + 2, length)
            start += 2 + length
        entries[index] = Swatch(tuple(levels), name.decode("utf-8", "replace"))
    return entries


def _old_entries(chunk: bytes, kind: int) -> dict[int, Swatch]:
    (packets,) = fields_at(chunk, 0, "<H")
    entries = {}
    start, index = 2, 0
    for _ in range(packets):
        skipped, count = fields_at(chunk, start, "<BB")
        start, index = start + 2, index + skipped
        for _ in range(count or MAX_COLORS):
            levels = bytes_at(chunk, start, 3)
            if kind == _OLDER_PALETTE:
                # Levels 0..63: the highest bits are repeated as the lowest.
                levels = bytes((level << 2 | level >> 4) & 255 for level in levels)
            entries[index] = Swatch(tuple(levels))
            start, index = start + 3, index + 1
    return entries
