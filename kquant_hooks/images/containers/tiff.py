"""TIFF, of one page or many: taken apart and put together tag by tag.

Tags that describe the picture are carried over as they are, in the file's own byte order; those that describe
how its pixels were stored are made anew. The format: Aldus, *TIFF Revision 6.0*, 1992.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from kquant_hooks.images.document import Document, Encoding, Frame, Kind
from kquant_hooks.images.opening import count_frames, decode, metadata_of, open_image

WIDTH, BITS, COMPRESSION, OFFSETS, LENGTHS, COLORMAP = 256, 258, 259, 273, 279, 320
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, SUB_IFDS = 274, 282, 283, 330
# How the pixels were stored: made anew. Pillow turns the picture upright, so its orientation goes as well.
_REMADE = {255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
_REMADE |= {292, 293, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 337, 338}
_REMADE |= {339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
# Whose it is and what made it: description, maker, software, date, artist, copyright, XMP, IPTC, EXIF, GPS.
_DESCRIPTIONS = {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853}
# Tags whose value is the place of another directory: EXIF, GPS, interoperability.
_NESTED = {34665, 34853, 40965}
_LOSSLESS = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_adobe_deflate"}
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
_SWAPPED = _SIZES | {5: 4, 10: 4}
_LONG = 4
# What reading at places that a damaged file names can raise.
_DAMAGE = (struct.error, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class _Tag:
    number: int
    type: int
    content: bytes
    nested: tuple[_Tag, ...] = ()

    def numbers(self, order: str) -> tuple[int, ...]:
        """The values of a tag of whole numbers."""
        letter = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(self.type, "")
        if not letter:
            return ()
        return struct.unpack(f"{order}{len(self.content) // _SIZES[self.type]}{letter}", self.content)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The byte order, ``<`` or ``>``, and each page's tags."""

    order: str
    pages: tuple[tuple[_Tag, ...], ...]


def read(data: bytes, max_pixels: int) -> Document:
    """Take a TIFF apart."""
    image = open_image(data, max_pixels)
    try:
        parts = _parse(data)
    except _DAMAGE as error:
        raise ValueError("cannot be decoded: a directory is cut off") from error
    count = count_frames(image)
    if count != len(parts.pages):
        raise ValueError("cannot be decoded: its chain of pages is damaged")
    if any(tag.number == SUB_IFDS for page in parts.pages for tag in page):
        raise ValueError("it has pictures within pictures (SubIFDs), which would be lost")

    def page(index: int) -> Frame:
        return Frame(lambda: decode(data, max_pixels, index))

    metadata = metadata_of(image)
    frames = tuple(page(index) for index in range(count))
    kind: Kind = "still" if count == 1 else "pages"
    return Document("TIFF", image.size, frames, kind, metadata=metadata, parts=parts)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a TIFF together from a document of any container and its pages' new pixels."""
    parts = document.parts if document.container == "TIFF" else None
    order = parts.order if parts else "<"
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for index, image in enumerate(images):
        old = parts.pages[index] if parts else _made_of(document)
        made, strips = _encode(image, _compression(old, order), order)
        carried = [tag for tag in _upright(old, order) if tag.number not in _REMADE]
        if encoding.strip:
            carried = [tag for tag in carried if tag.number not in _DESCRIPTIONS]
        places = []
        for content in strips:
            places.append(len(out))
            out += content + b"\0" * (len(content) % 2)
        made.append(_Tag(OFFSETS, _LONG, struct.pack(f"{order}{len(places)}I", *places)))
        struct.pack_into(f"{order}I", out, link, len(out))
        link = _append_directory(out, [*carried, *made], order)
    if len(out) >= 1 << 32:
        raise ValueError("it would be larger than the 4 GiB that a TIFF can be")
    return bytes(out)


def _parse(data: bytes) -> _Parts:
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    place = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    pages: list[tuple[_Tag, ...]] = []
    seen: set[int] = set()
    while place and place not in seen:
        seen.add(place)
        tags, place = _directory(data, place, order, big=big, depth=0)
        pages.append(tags)
    return _Parts(order, tuple(pages))


def _directory(data: bytes, place: int, order: str, *, big: bool, depth: int) -> tuple[tuple[_Tag, ...], int]:
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
        start = place + entry.size
        if size > inline:
            (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, start)
        content = data[start : start + size]
        place += entry.size + inline
        if not size or len(content) != size:
            continue
        tag = _Tag(number, kind, content)
        if number in _NESTED:
            inner = _nested(data, tag, order, big=big, depth=depth)
            if inner is None:
                continue
            tag = replace(tag, nested=inner)
        tags.append(tag)
    (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
    return tuple(tags), following


def _nested(data: bytes, tag: _Tag, order: str, *, big: bool, depth: int) -> tuple[_Tag, ...] | None:
    """The tags of the directory that a tag points to; None if there is none."""
    places = _Tag(tag.number, {13: 4, 18: 16}.get(tag.type, tag.type), tag.content).numbers(order)
    if len(places) != 1 or depth > 2:
        return None
    try:
        return _directory(data, places[0], order, big=big, depth=depth + 1)[0]
    except _DAMAGE:
        return None


def _append_directory(out: bytearray, tags: Sequence[_Tag], order: str) -> int:
    """Write a directory behind what there is; returns where the place of the next one is to be written."""
    # Values of types that only BigTIFF has cannot be held.
    tags = sorted({tag.number: tag for tag in tags if tag.type < 16}.values(), key=lambda tag: tag.number)
    out += b"\0" * (len(out) % 2)
    start = len(out)
    out += struct.pack(f"{order}H", len(tags)) + bytes(12 * len(tags) + 4)
    for index, tag in enumerate(tags):
        content = tag.content
        if tag.number in _NESTED:
            out += b"\0" * (len(out) % 2)
            place = len(out)
            _append_directory(out, tag.nested, order)
            tag, content = _Tag(tag.number, _LONG, b""), struct.pack(f"{order}I", place)
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


def _encode(image: Image.Image, compression: str, order: str) -> tuple[list[_Tag], list[bytes]]:
    """The tags of a picture but for the places of its strips, and the strips, compressed by Pillow."""
    buffer = io.BytesIO()
    if image.mode == "P" and image.has_transparency_data:
        # A palette has no alpha here; the pixels can have it.
        image = image.convert("RGBA")
    entries = len(image.getpalette() or ()) // 3 if image.mode == "P" else 0
    halved = 0 < entries <= 16
    stored = image
    if halved:
        # Two pixels a byte: Pillow knows only whole bytes, and compresses these as grey levels.
        packed = image.tobytes("raw", "P;4")
        stored = Image.frombytes("L", ((image.width + 1) // 2, image.height), packed)
    elif image.mode == "P":
        stored = Image.frombytes("L", image.size, image.tobytes())
    stored.save(buffer, "TIFF", compression=compression)
    parts = _parse(buffer.getvalue())
    made = {tag.number: _swapped(tag, parts.order, order) for tag in parts.pages[0]}
    places, lengths = (made.pop(OFFSETS).numbers(order), made[LENGTHS].numbers(order))
    strips = [buffer.getvalue()[at : at + length] for at, length in zip(places, lengths, strict=True)]
    if entries:
        bits = 4 if halved else 8
        levels = (image.getpalette() or []) + [0] * 3 * ((1 << bits) - entries)
        # Levels of 16 bits, all reds first.
        colors = [257 * level for band in range(3) for level in levels[band::3]]
        made[COLORMAP] = _Tag(COLORMAP, 3, struct.pack(f"{order}{len(colors)}H", *colors))
        made[BITS] = _Tag(BITS, 3, struct.pack(f"{order}H", bits))
        made[262] = _Tag(262, 3, struct.pack(f"{order}H", 3))
        made[WIDTH] = _Tag(WIDTH, _LONG, struct.pack(f"{order}I", image.width))
    return list(made.values()), strips


def _swapped(tag: _Tag, before: str, after: str) -> _Tag:
    if before == after:
        return tag
    size = _SWAPPED[tag.type]
    values = [tag.content[start : start + size][::-1] for start in range(0, len(tag.content), size)]
    return replace(tag, content=b"".join(values))


def _compression(tags: Iterable[_Tag], order: str) -> str:
    """The one that the page had if it is lossless and takes any pixels, else deflate."""
    number = next((tag.numbers(order) for tag in tags if tag.number == COMPRESSION), (8,))[0]
    return _LOSSLESS.get(number, "tiff_adobe_deflate")


def _upright(tags: Sequence[_Tag], order: str) -> list[_Tag]:
    """The tags of the picture as Pillow turns it: lying on its side, its resolutions change places."""
    turned = any(tag.number == ORIENTATION and tag.numbers(order)[:1] >= (5,) for tag in tags)
    names = {X_RESOLUTION: Y_RESOLUTION, Y_RESOLUTION: X_RESOLUTION} if turned else {}
    return [replace(tag, number=names.get(tag.number, tag.number)) for tag in tags]


def _made_of(document: Document) -> tuple[_Tag, ...]:
    """Tags for what another container said."""
    metadata = document.metadata
    tags = [_Tag(COMPRESSION, 3, struct.pack("<H", 8))]
    if metadata.dpi:
        for number, value in zip((X_RESOLUTION, Y_RESOLUTION), metadata.dpi, strict=True):
            tags.append(_Tag(number, 5, struct.pack("<II", round(value * 1000), 1000)))
        tags.append(_Tag(296, 3, struct.pack("<H", 2)))
    if metadata.comment:
        tags.append(_Tag(270, 2, metadata.comment.encode("utf-8") + b"\0"))
    for number, kind, content in [(700, 1, metadata.xmp), (34675, 7, metadata.icc)]:
        if content:
            tags.append(_Tag(number, kind, content))
    if metadata.exif:
        tags += _of_exif(metadata.exif)
    return tuple(tags)


def _of_exif(exif: bytes) -> list[_Tag]:
    """The tags of an EXIF structure, in little-endian order; it is a TIFF without a picture."""
    try:
        parts = _parse(exif)
    except _DAMAGE:
        return []

    def turned(tag: _Tag) -> _Tag:
        inner = tuple(turned(other) for other in tag.nested)
        return replace(_swapped(tag, parts.order, "<"), nested=inner)

    return [turned(tag) for tag in (parts.pages[0] if parts.pages else ()) if tag.number not in _REMADE]
