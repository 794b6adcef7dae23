"""Parses the directories of a TIFF, nested ones and those of BigTIFF included.

A hostile file can nest directories in each other or let many tags share their content, so that a few bytes
expand to gigabytes. Therefore the length of the file limits the amount that is read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from kquant_hooks.documents.codecs.tifftags import DIRECTORY_TAGS, TYPE_SIZES, Directories, Tag

# The tags may expand to 4 times the length of the file; without shared content they are shorter than it.
_MAX_EXPANSION = 4
_ENTRY_SIZE = 12
_MAX_DEPTH = 3
# Exceptions from reading at the offsets in a damaged file.
_DAMAGE_ERRORS = (struct.error, IndexError, OverflowError)


@dataclass(slots=True, kw_only=True, eq=False)
class _Source:
    """The file while it is parsed.

    Attributes
    ----------
    data : bytes
    order : {"<", ">"}
        Its byte order.
    is_big : bool
        Whether it is a BigTIFF.
    remaining : int
        How many more bytes its tags may have.
    """

    data: bytes
    order: str
    is_big: bool
    remaining: int

    def field(self, small: str, big: str, offset: int) -> int:
        """The field at an offset, in the format ``small`` of TIFF or ``big`` of BigTIFF."""
        found: int = struct.unpack_from(self.order + (big if self.is_big else small), self.data, offset)[0]
        return found


def parse(data: bytes) -> Directories:
    """The directories of a TIFF or of an EXIF structure.

    Raises
    ------
    ValueError
        If it is not a TIFF, if a directory is cut off, or if its tags share too much content.
    """
    if data[:2] not in (b"II", b"MM"):
        raise ValueError("cannot be decoded: it does not begin with 'II' or 'MM'")
    big = data[2:4] in (b"+\0", b"\0+")
    order = "<" if data.startswith(b"II") else ">"
    source = _Source(data=data, order=order, is_big=big, remaining=_MAX_EXPANSION * len(data))
    pages: list[tuple[Tag, ...]] = []
    seen: set[int] = set()
    try:
        offset = source.field("I", "Q", 8 if big else 4)
        while offset and offset not in seen:
            seen.add(offset)
            tags, offset = _directory(source, offset, ())
            pages.append(tags)
    except _DAMAGE_ERRORS as error:
        raise ValueError("cannot be decoded: a directory is cut off") from error
    return Directories(order=order, pages=tuple(pages))


def _directory(source: _Source, offset: int, parents: tuple[int, ...]) -> tuple[tuple[Tag, ...], int]:
    """The tags of a directory, without those that point outside the file, and the offset of the next one.

    ``parents`` are the offsets of the directories that contain it.
    """
    path = (*parents, offset)
    entry = struct.Struct(source.order + ("HHQ" if source.is_big else "HHI"))
    inline = 8 if source.is_big else 4
    count = source.field("H", "Q", offset)
    offset += 8 if source.is_big else 2
    if count * (entry.size + inline) > len(source.data):
        raise IndexError("more tags than bytes")
    tags = []
    for _ in range(count):
        number, kind, length = entry.unpack_from(source.data, offset)
        size = TYPE_SIZES.get(kind, 0) * length
        entry_offset, start = offset, offset + entry.size
        if size > inline:
            start = source.field("I", "Q", start)
        offset += entry.size + inline
        is_inside = 0 < size <= len(source.data) - start
        source.remaining -= _ENTRY_SIZE + size * is_inside
        if source.remaining < 0:
            raise ValueError(
                f"cannot be decoded: its tags share content that would expand to more than {_MAX_EXPANSION} "
                "times its size"
            )
        if not is_inside:
            continue
        tag = Tag(number, kind, source.data[start : start + size], entry=entry_offset)
        if number in DIRECTORY_TAGS:
            inner = _nested(source, tag, path)
            if inner is None:
                continue
            tag = replace(tag, nested=inner)
        tags.append(tag)
    return tuple(tags), source.field("I", "Q", offset)


def _nested(source: _Source, tag: Tag, path: tuple[int, ...]) -> tuple[Tag, ...] | None:
    """The tags of the directory to which a tag points; None if it is missing or one that contains the tag."""
    offsets = Tag(tag.number, {13: 4, 18: 16}.get(tag.type, tag.type), tag.content).integers(source.order)
    if len(offsets) != 1 or offsets[0] in path or len(path) > _MAX_DEPTH:
        return None
    try:
        return _directory(source, offsets[0], path)[0]
    except _DAMAGE_ERRORS:
        return None
