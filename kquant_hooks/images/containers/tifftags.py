"""TIFF's directories: tags read from bytes and written to bytes, nested ones and BigTIFF's included.

The format: Aldus, *TIFF Revision 6.0*, 1992; BigTIFF: AWare Systems, 2007.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# Tags whose value is the place of another directory: EXIF, GPS, interoperability.
_NESTED = {34665, 34853, 40965}
# Bytes of a value of each type, and of what is swapped when the byte order is another.
_SIZES = {
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
_SWAP_UNITS = _SIZES | {5: 4, 10: 4}
SHORT, LONG = 3, 4
# 64-bit types: the 32-bit ones, and the letters of both in ``struct``.
_LETTERS = {"Q": "I", "q": "i"}
_OF_BIG_TIFF = {16: (4, "Q"), 17: (9, "q"), 18: (4, "Q")}
# What reading at places that a damaged file names can raise.
DAMAGE = (struct.error, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag; ``entry`` and ``place`` are where the file has it and its content."""

    number: int
    type: int
    content: bytes
    nested: tuple[Tag, ...] = ()
    entry: int = 0
    place: int = 0

    def numbers(self, order: str) -> tuple[int, ...]:
        """The values of a tag of whole numbers."""
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(self.type, "")
        if not letter:
            return ()
        return struct.unpack(f"{order}{len(self.content) // _SIZES[self.type]}{letter}", self.content)


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


def parse(data: bytes) -> Directories:
    """The directories of a TIFF or of an EXIF structure; ``DAMAGE`` where they are cut off."""
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    place = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    pages: list[tuple[Tag, ...]] = []
    seen: set[int] = set()
    while place and place not in seen:
        seen.add(place)
        tags, place = _directory(data, place, order, big=big, depth=0)
        pages.append(tags)
    return Directories(order, tuple(pages))


def _directory(data: bytes, place: int, order: str, *, big: bool, depth: int) -> tuple[tuple[Tag, ...], int]:
    """The tags of a directory, and where the next one is; tags that point out of the file are left out."""
    count_format, entry_format, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    entry = struct.Struct(order + entry_format)
    (count,) = struct.unpack_from(order + count_format, data, place)
    place += struct.calcsize(order + count_format)
    if count * (entry.size + inline) > len(data):
        raise IndexError("more tags than bytes")
    tags = []
    for _ in range(count):
        number, kind, length = entry.unpack_from(data, place)
        size = _SIZES.get(kind, 0) * length
        here, start = place, place + entry.size
        if size > inline:
            (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, start)
        content = data[start : start + size]
        place += entry.size + inline
        if not size or len(content) != size:
            continue
        tag = Tag(number, kind, content, (), here, start)
        if number in _NESTED:
            inner = _nested(data, tag, order, big=big, depth=depth)
            if inner is None:
                continue
            tag = replace(tag, nested=inner)
        tags.append(tag)
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
    return tuple(tags), following


def _nested(data: bytes, tag: Tag, order: str, *, big: bool, depth: int) -> tuple[Tag, ...] | None:
    """The tags of the directory that a tag points to; None if there is none."""
    places = Tag(tag.number, {13: 4, 18: 16}.get(tag.type, tag.type), tag.content).numbers(order)
    if len(places) != 1 or depth > 2:
        return None
    try:
        return _directory(data, places[0], order, big=big, depth=depth + 1)[0]
    except DAMAGE:
        return None


def append_directory(out: bytearray, tags: Sequence[Tag], order: str) -> int:
    """Write a directory behind what there is; returns where the place of the next one is to be written."""
    tags = sorted({tag.number: tag for tag in tags}.values(), key=lambda tag: tag.number)
    out += b"\0" * (len(out) % 2)
    start = len(out)
    out += struct.pack(f"{order}H", len(tags)) + bytes(12 * len(tags) + 4)
    for index, tag in enumerate(tags):
        content = tag.content
        if tag.number in _NESTED:
            out += b"\0" * (len(out) % 2)
            place = len(out)
            append_directory(out, tag.nested, order)
            tag, content = Tag(tag.number, LONG, b""), struct.pack(f"{order}I", place)
        elif tag.type in _OF_BIG_TIFF:
            tag = _narrowed(tag, order)
            content = tag.content
        length = len(content) // _SIZES[tag.type]
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
    size = _SWAP_UNITS[tag.type]
    values = [tag.content[start : start + size][::-1] for start in range(0, len(tag.content), size)]
    return replace(tag, content=b"".join(values))
