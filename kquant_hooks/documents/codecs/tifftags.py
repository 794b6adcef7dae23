"""The tags of TIFF, and directories written to bytes, nested ones included.

The format: Aldus, *TIFF Revision 6.0*, 1992; BigTIFF: AWare Systems, 2007.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

# Tags whose value is the offset of another directory: EXIF, GPS, interoperability.
DIRECTORY_TAGS = {34665, 34853, 40965}
# For each type: bytes per value, and the size of the units that change with the byte order.
TYPE_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_SWAP_UNITS = TYPE_SIZES | {5: 4, 10: 4}
# Type codes of ``array`` by size.
_UNSIGNED_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
SHORT, LONG = 3, 4
# For each 64-bit type: the 32-bit type, and the format characters of both in ``struct``.
_BIGTIFF_TYPES = {16: (4, "Q", "I"), 17: (9, "q", "i"), 18: (4, "Q", "I")}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag.

    Attributes
    ----------
    number, type : int
    content : bytes
        Its values, in the byte order of the file.
    nested : tuple of Tag
        The tags of the directory to which it points.
    entry : int
        The offset of its directory entry in the file.
    """

    number: int
    type: int
    content: bytes
    nested: tuple[Tag, ...] = field(default=(), kw_only=True)
    entry: int = field(default=0, kw_only=True)

    def integers(self, order: str) -> tuple[int, ...]:
        """Its values; empty if they are not unsigned integers."""
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(self.type, "")
        if not letter:
            return ()
        return struct.unpack(f"{order}{len(self.content) // TYPE_SIZES[self.type]}{letter}", self.content)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Directories:
    """The directories of a file.

    Attributes
    ----------
    order : {"<", ">"}
        The byte order.
    pages : tuple of tuple of Tag
        The tags of each page.
    """

    order: str
    pages: tuple[tuple[Tag, ...], ...]


def integer_in(tags: Iterable[Tag], number: int, order: str, default: int) -> int:
    """The first value of the tag ``number``; ``default`` if it is missing or not an unsigned integer."""
    return next(
        (values[0] for tag in tags if tag.number == number and (values := tag.integers(order))), default
    )


def file_header(order: str, first: int = 0) -> bytes:
    """The header of a file whose first directory is at the offset ``first``."""
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", first)


def append_directory(out: bytearray, tags: Sequence[Tag], order: str) -> int:
    """Append a directory to ``out``; returns where to write the offset of the next directory."""
    tags = sorted({tag.number: tag for tag in tags}.values(), key=lambda tag: tag.number)
    out += b"\0" * (len(out) % 2)
    start = len(out)
    out += struct.pack(f"{order}H", len(tags)) + bytes(12 * len(tags) + 4)
    for index, tag in enumerate(tags):
        content = tag.content
        if tag.number in DIRECTORY_TAGS:
            out += b"\0" * (len(out) % 2)
            offset = len(out)
            append_directory(out, tag.nested, order)
            tag, content = Tag(tag.number, LONG, b""), struct.pack(f"{order}I", offset)
        elif tag.type in _BIGTIFF_TYPES:
            tag = _narrowed(tag, order)
            content = tag.content
        length = len(content) // TYPE_SIZES[tag.type]
        if len(content) > 4:
            out += b"\0" * (len(out) % 2)
            offset = len(out)
            out += content
            content = struct.pack(f"{order}I", offset)
        entry = struct.pack(f"{order}HHI", tag.number, tag.type, length) + content.ljust(4, b"\0")
        out[start + 2 + 12 * index : start + 14 + 12 * index] = entry
    out += b"\0" * (len(out) % 2)
    return start + 2 + 12 * len(tags)


def _narrowed(tag: Tag, order: str) -> Tag:
    """A tag with 64-bit values, which only BigTIFF has, narrowed to 32 bits."""
    narrow_type, wide_code, narrow_code = _BIGTIFF_TYPES[tag.type]
    values = struct.unpack(f"{order}{len(tag.content) // 8}{wide_code}", tag.content)
    try:
        content = struct.pack(f"{order}{len(values)}{narrow_code}", *values)
        return replace(tag, type=narrow_type, content=content)
    except struct.error as error:
        raise ValueError(f"its tag {tag.number} has numbers that only BigTIFF can hold") from error


def swapped(tag: Tag, before: str, after: str) -> Tag:
    """A tag converted from one byte order to another."""
    if before == after:
        return tag
    values = array(_UNSIGNED_CODES[_SWAP_UNITS[tag.type]], tag.content)
    values.byteswap()
    return replace(tag, content=values.tobytes())
