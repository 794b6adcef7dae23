"""The blocks of a GIF: parsed into pictures and extensions, and the contents of extensions.

The format: CompuServe, *Graphics Interchange Format, Version 89a*, 1990.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SCREEN_DESCRIPTOR = struct.Struct("<HHBBB")
IMAGE_DESCRIPTOR = struct.Struct("<HHHHB")
COLOR_TABLE_FLAG, INTERLACED_FLAG = 0x80, 0x40
_EXTENSION, _IMAGE_SEPARATOR, _TRAILER, _GRAPHIC_CONTROL_LABEL = 0x21, 0x2C, 0x3B, 0xF9
_NO_CONTROL = (False, 0, 0, 0)

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One stored picture.

    Attributes
    ----------
    has_control : bool
        Whether the file has a graphic control extension for it.
    flags, delay, transparent : int
        The content of this extension: packed fields, hundredths of a second, transparent index.
    box : tuple of int
        Left, top, width and height.
    interlaced : bool
    table : bytes
        Its colour table, local or global.
    data : bytes
        Its compressed pixels.
    """

    has_control: bool
    flags: int
    delay: int
    transparent: int = 0
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    interlaced: bool = False
    table: bytes = b""
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The content of a file.

    Attributes
    ----------
    background : bytes, optional
        R, G, B of the background colour; None if the file has none.
    aspect : int
        The pixel aspect ratio, as stored.
    blocks : tuple of bytes or Picture
        Extensions and pictures, in the order of the file.
    tail : bytes
        The bytes after the trailer.
    table : bytes
        The global colour table.
    """

    background: bytes | None = None
    aspect: int = 0
    blocks: tuple[bytes | Picture, ...]
    tail: bytes = b""
    table: bytes = b""


def parse(data: bytes) -> tuple[Size, Parts]:
    """The size of the screen, and the file's content; IndexError or struct.error if the file is cut off."""
    width, height, flags, background, aspect = SCREEN_DESCRIPTOR.unpack_from(data, 6)
    offset = 6 + SCREEN_DESCRIPTOR.size
    global_table = _color_table(data, offset, flags)
    offset += len(global_table)
    blocks: list[bytes | Picture] = []
    control = _NO_CONTROL
    while offset < len(data) and data[offset] != _TRAILER:
        start = offset
        if data[start] == _EXTENSION:
            offset = _end_of_sub_blocks(data, start + 2)
            if data[start + 1] == _GRAPHIC_CONTROL_LABEL:
                if data[start + 2] >= 4:
                    control = (True, *struct.unpack_from("<BHB", data, start + 3))
            elif data[start + 2]:
                # Pillow misreads files with empty extensions.
                blocks.append(data[start:offset])
        elif data[start] == _IMAGE_SEPARATOR:
            picture, offset = _parse_picture(data, start, control, global_table)
            blocks.append(picture)
            control = _NO_CONTROL
        else:
            # Some writers leave stray bytes between blocks, and viewers skip them.
            offset += 1
    parts = Parts(
        background=global_table[3 * background : 3 * background + 3] or None,
        aspect=aspect,
        blocks=tuple(blocks),
        tail=data[offset + 1 :],
        table=global_table,
    )
    if offset >= len(data) and (control[0] or len(pictures_in(parts)) > 1):
        # A file with a single picture may be complete without its trailer.
        raise IndexError("the file has no end")
    return (width, height), parts


def _parse_picture(
    data: bytes, start: int, control: tuple[bool, int, int, int], global_table: bytes
) -> tuple[Picture, int]:
    """The picture whose descriptor is at ``start``, and the offset of its end."""
    left, top, width, height, flags = IMAGE_DESCRIPTOR.unpack_from(data, start + 1)
    offset = start + 1 + IMAGE_DESCRIPTOR.size
    local_table = _color_table(data, offset, flags)
    offset += len(local_table)
    end = _end_of_sub_blocks(data, offset + 1)
    has_control, control_flags, delay, transparent = control
    picture = Picture(
        has_control=has_control,
        flags=control_flags,
        delay=delay,
        transparent=transparent,
        box=(left, top, width, height),
        interlaced=bool(flags & INTERLACED_FLAG),
        table=local_table if flags & COLOR_TABLE_FLAG else global_table,
        data=data[offset:end],
    )
    return picture, end


def _color_table(data: bytes, offset: int, flags: int) -> bytes:
    """The colour table at ``offset``; empty if the flags do not announce one."""
    return data[offset : offset + (6 << (flags & 7))] if flags & COLOR_TABLE_FLAG else b""


def _end_of_sub_blocks(data: bytes, offset: int) -> int:
    """Where a chain of sub-blocks ends; IndexError if the file ends first."""
    while length := data[offset]:
        offset += 1 + length
    return offset + 1


def pictures_in(parts: Parts) -> list[Picture]:
    """The pictures in a file, in their order."""
    return [block for block in parts.blocks if isinstance(block, Picture)]


def contents_of(parts: Parts, prefix: bytes) -> Iterator[bytes]:
    """The joined sub-blocks of each extension that begins with ``prefix``."""
    for block in parts.blocks:
        if isinstance(block, bytes) and block.startswith(prefix):
            offset, content = len(prefix), bytearray()
            while offset < len(block) and block[offset]:
                content += block[offset + 1 : offset + 1 + block[offset]]
                offset += 1 + block[offset]
            yield bytes(content)


def sub_blocks(content: bytes) -> bytes:
    """The content as a chain of sub-blocks of at most 255 bytes."""
    parts = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
