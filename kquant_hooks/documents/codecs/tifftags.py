"""TIFF's tags, and directories of them written to bytes, nested ones included.

The format: Aldus, *TIFF Revision 6.0*, 1992; BigTIFF: AWare Systems, 2007.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# Tags whose value is the place of another directory: EXIF, GPS, interoperability.
NESTED = {34665, 34853, 40965}
# Bytes of a value of each type, and of what is swapped when the byte order is another.
SIZES = {
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
_SWAP_UNITS = SIZES | {5: 4, 10: 4}
# Letters of numbers of so many bytes, for ``array``.
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
SHORT, LONG = 3, 4
# 64-bit types: the 32-bit ones, and the letters of both in ``struct``.
_LETTERS = {"Q": "I", "q": "i"}
_OF_BIG_TIFF = {16: (4, "Q"), 17: (9, "q"), 18: (4, "Q")}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag; ``entry`` is where the file has it."""

    number: int
    type: int
    content: bytes
    nested: tuple[Tag, ...] = ()
    entry: int = 0

    def numbers(self, order: str) -> tuple[int, ...]:
        """The values of a tag of whole numbers."""
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(self.type, "")
        if not letter:
            return ()
        return struct.unpack(f"{order}{len(self.content) // SIZES[self.type]}{letter}", self.content)


@dataclass(frozen=True, slots=True, eq=False)
class Directories:
    """The byte order, ``<`` or ``>``, and each page's tags."""

    order: str
    pages: tuple[tuple[Tag, ...], ...]


def number_in(tags: Iterable[Tag], number: int, order: str, default: int) -> int:
    """The first value of a tag of whole numbers."""
    return next(
        (values[0] for tag in tags if tag.number == number and (values := tag.numbers(order))), default
    )


def header_of(order: str, first: int = 0) -> bytes:
    """The header of a file, with the place of its first directory."""
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", first)


def append_directory(out: bytearray, tags: Sequence[Tag], order: str) -> int:
    """Write a directory behind what there is; returns where the place of the next one is to be written."""
    tags = sorted({tag.number: tag for tag in tags}.values(), key=lambda tag: tag.number)
    out += b"\0" * (len(out) % 2)
    start = len(out)
    out += struct.pack(f"{order}H", len(tags)) + bytes(12 * len(tags) + 4)
    for index, tag in enumerate(tags):
        content = tag.content
        if tag.number in NESTED:
            out += b"\0" * (len(out) % 2)
            place = len(out)
            append_directory(out, tag.nested, order)
            tag, content = Tag(tag.number, LONG, b""), struct.pack(f"{order}I", place)
        elif tag.type in _OF_BIG_TIFF:
            tag = _narrowed(tag, order)
            content = tag.content
        length = len(content) // SIZES[tag.type]
        if len(content) > 4:
            out += b"\0" * (len(out) % 2)
            place = len(out)
            out += content
            content = struct.pack(f"{order}I", place)
        entry = struct.pack(f"{order}HHI", tag.number, tag.type, length) + content.ljust(4, b"\0")
        out[start + 2 + 12 * index : start + 14 + 12 * index] = entry
    out += b"\0" * (len(out) % 2)
    return start + 2 + 12 * len(tags)


def _narrowed(tag: Tag, order: str) -> Tag:
    """A tag of 64-bit numbers, which only BigTIFF has, with 32 bits."""
    kind, letter = _OF_BIG_TIFF[tag.type]
    values = struct.unpack(f"{order}{len(tag.content) // 8}{letter}", tag.content)
    try:
        return replace(
            tag, type=kind, content=struct.pack(f"{order}{len(values)}{_LETTERS[letter]}", *values)
        )
    except struct.error as error:
        raise ValueError(f"its tag {tag.number} has numbers that only BigTIFF can hold") from error


def swapped(tag: Tag, before: str, after: str) -> Tag:
    """A tag in another byte order."""
    if before == after:
        return tag
    values = array(_UNSIGNED[_SWAP_UNITS[tag.type]], tag.content)
    values.byteswap()
    return replace(tag, content=values.tobytes())
