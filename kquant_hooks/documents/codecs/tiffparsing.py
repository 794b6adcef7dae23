"""TIFF's directories read from bytes, nested ones and BigTIFF's included.

Places in a file may say anything: directories that lie within each other, and contents that many tags share,
would make a few bytes into very many. So all that is read is limited by the length of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from kquant_hooks.documents.codecs.tifftags import NESTED, SIZES, Directories, Tag

# All tags together fill at most so many times the file's length; without shared contents it is once.
_MOST = 4
_ENTRY = 12
_DEEPEST = 3
# What reading at places that a damaged file names can raise.
_DAMAGE = (struct.error, IndexError, OverflowError)


@dataclass(slots=True, eq=False)
class _Source:
    """The bytes, how they are to be read, and how many more the tags may fill."""

    data: bytes
    order: str
    big: bool
    left: int

    def field(self, small: str, big: str, place: int) -> int:
        found: int = struct.unpack_from(self.order + (big if self.big else small), self.data, place)[0]
        return found


def parse(data: bytes) -> Directories:
    """The directories of a TIFF or of an EXIF structure.

    Raises
    ------
    ValueError
        If it is none, if a directory is cut off, or if the tags share too much.
    """
    if data[:2] not in (b"II", b"MM"):
        raise ValueError("cannot be decoded: it does not begin with a byte order")
    big = data[2:4] in (b"+\0", b"\0+")
    source = _Source(data, "<" if data.startswith(b"II") else ">", big, _MOST * len(data))
    pages: list[tuple[Tag, ...]] = []
    seen: set[int] = set()
    try:
        place = source.field("I", "Q", 8 if big else 4)
        while place and place not in seen:
            seen.add(place)
            tags, place = _directory(source, place, ())
            pages.append(tags)
    except _DAMAGE as error:
        raise ValueError("cannot be decoded: a directory is cut off") from error
    return Directories(source.order, tuple(pages))


def _directory(source: _Source, place: int, above: tuple[int, ...]) -> tuple[tuple[Tag, ...], int]:
    """The tags of a directory, and where the next one is; tags that point out of the file are left out.

    ``above`` are the places of those that it is nested in.
    """
    within = (*above, place)
    entry = struct.Struct(source.order + ("HHQ" if source.big else "HHI"))
    inline = 8 if source.big else 4
    count = source.field("H", "Q", place)
    place += 8 if source.big else 2
    if count * (entry.size + inline) > len(source.data):
        raise IndexError("more tags than bytes")
    tags = []
    for _ in range(count):
        number, kind, length = entry.unpack_from(source.data, place)
        size = SIZES.get(kind, 0) * length
        here, start = place, place + entry.size
        if size > inline:
            start = source.field("I", "Q", start)
        place += entry.size + inline
        there = 0 < size <= len(source.data) - start
        source.left -= _ENTRY + size * there
        if source.left < 0:
            raise ValueError(
                f"cannot be decoded: its tags share so much that they would fill {_MOST} times its size"
            )
        if not there:
            continue
        tag = Tag(number, kind, source.data[start : start + size], (), here)
        if number in NESTED:
            inner = _nested(source, tag, within)
            if inner is None:
                continue
            tag = replace(tag, nested=inner)
        tags.append(tag)
    return tuple(tags), source.field("I", "Q", place)


def _nested(source: _Source, tag: Tag, within: tuple[int, ...]) -> tuple[Tag, ...] | None:
    """The tags of the directory that a tag points to; None if there is none, or one that it is nested in."""
    places = Tag(tag.number, {13: 4, 18: 16}.get(tag.type, tag.type), tag.content).numbers(source.order)
    if len(places) != 1 or places[0] in within or len(within) > _DEEPEST:
        return None
    try:
        return _directory(source, places[0], within)[0]
    except _DAMAGE:
        return None
