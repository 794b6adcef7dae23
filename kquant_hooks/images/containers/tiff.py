"""TIFF, of one page or many: taken apart and put together tag by tag.

Tags that describe the picture are carried over as they are, in the file's own byte order; those that describe
how its pixels were stored are made anew. The format: Aldus, *TIFF Revision 6.0*, 1992.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import replace

from PIL import Image

from kquant_hooks.images.containers.tifftags import (
    DAMAGE,
    LONG,
    Directories,
    Tag,
    append_directory,
    parse,
    swapped,
)
from kquant_hooks.images.document import Document, Encoding, Frame, Unsupported
from kquant_hooks.images.opening import count_frames, decode, header_at, metadata_of, open_image, still

WIDTH, BITS, COMPRESSION, OFFSETS, LENGTHS, COLORMAP = 256, 258, 259, 273, 279, 320
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, SUB_IFDS = 274, 282, 283, 296, 330
SAMPLES, EXTRA, UNSPECIFIED, XMP = 277, 338, 0, 700
# How the pixels were stored: made anew.
_REMADE = {255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
_REMADE |= {292, 293, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 337, 338}
_REMADE |= {339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
# Whose it is and what made it: description, maker, software, date, artist, copyright, XMP, IPTC, EXIF, GPS.
_DESCRIPTIONS = {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853}
# Of these, the ones that other files do not hold in EXIF: IPTC and Photoshop's.
_OF_THEIR_OWN = {33723, 34377}
_LOSSLESS = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_adobe_deflate"}


def read(data: bytes, max_pixels: int) -> Document:
    """Take a TIFF apart."""
    open_image(data, max_pixels)
    try:
        parts = parse(data)
    except DAMAGE as error:
        raise ValueError("cannot be decoded: a directory is cut off") from error
    data = _unturned(data, parts)
    image = open_image(data, max_pixels)
    count = count_frames(image)
    if count != len(parts.pages):
        raise ValueError("cannot be decoded: its chain of pages is damaged")
    for index, tags in enumerate(parts.pages):
        numbers = {tag.number: tag.numbers(parts.order) for tag in tags}
        if SUB_IFDS in numbers:
            raise Unsupported("it has pictures within pictures (SubIFDs), which would be lost")
        samples = next(iter(numbers.get(SAMPLES, ())), 1)
        if samples > len(header_at(image, index).getbands()) or UNSPECIFIED in numbers.get(EXTRA, ()):
            raise Unsupported(f"it has {samples} channels, of which those beside its colours would be lost")

    def page(index: int) -> Frame:
        return Frame(lambda: decode(data, max_pixels, index))

    xmp = next((tag.content for tag in parts.pages[0] if tag.number == XMP), None)
    metadata = replace(metadata_of(header_at(image, 0)), exif=_exif_of(parts), xmp=xmp)
    if count == 1:
        return replace(still("TIFF", decode(data, max_pixels), parts), metadata=metadata)
    frames = tuple(page(index) for index in range(count))
    return Document("TIFF", image.size, frames, "pages", metadata=metadata, parts=parts)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a TIFF together from a document of any container and its pages' new pixels."""
    parts = document.parts if document.container == "TIFF" else None
    order = parts.order if parts else "<"
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for index, image in enumerate(images):
        old = parts.pages[index] if parts else _made_of(document)
        made, strips = _encode(image, _compression(old, order), order)
        carried = [tag for tag in old if tag.number not in _REMADE]
        if encoding.strip:
            carried = [tag for tag in carried if tag.number not in _DESCRIPTIONS]
        places = []
        for content in strips:
            places.append(len(out))
            out += content + b"\0" * (len(content) % 2)
        made.append(Tag(OFFSETS, LONG, struct.pack(f"{order}{len(places)}I", *places)))
        struct.pack_into(f"{order}I", out, link, len(out))
        link = append_directory(out, [*carried, *made], order)
    if len(out) >= 1 << 32:
        raise Unsupported("it would be larger than the 4 GiB that a TIFF can be")
    return bytes(out)


def _encode(image: Image.Image, compression: str, order: str) -> tuple[list[Tag], list[bytes]]:
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
    parts = parse(buffer.getvalue())
    made = {tag.number: swapped(tag, parts.order, order) for tag in parts.pages[0]}
    places, lengths = (made.pop(OFFSETS).numbers(order), made[LENGTHS].numbers(order))
    strips = [buffer.getvalue()[at : at + length] for at, length in zip(places, lengths, strict=True)]
    if entries:
        bits = 4 if halved else 8
        levels = (image.getpalette() or []) + [0] * 3 * ((1 << bits) - entries)
        # Levels of 16 bits, all reds first.
        colors = [257 * level for band in range(3) for level in levels[band::3]]
        made[COLORMAP] = Tag(COLORMAP, 3, struct.pack(f"{order}{len(colors)}H", *colors))
        made[BITS] = Tag(BITS, 3, struct.pack(f"{order}H", bits))
        made[262] = Tag(262, 3, struct.pack(f"{order}H", 3))
        made[WIDTH] = Tag(WIDTH, LONG, struct.pack(f"{order}I", image.width))
    return list(made.values()), strips


def _compression(tags: Iterable[Tag], order: str) -> str:
    """The one that the page had if it is lossless and takes any pixels, else deflate."""
    number = next((tag.numbers(order) for tag in tags if tag.number == COMPRESSION), (8,))[0]
    return _LOSSLESS.get(number, "tiff_adobe_deflate")


def _unturned(data: bytes, parts: Directories) -> bytes:
    """The file without what says how to turn its pages, as Pillow would turn the pixels alone."""
    patched = bytearray(data)
    for tag in (tag for page in parts.pages for tag in page):
        if tag.number == ORIENTATION:
            upright = struct.pack(f"{parts.order}H", 1)
            patched[tag.place : tag.place + len(upright)] = upright
        elif tag.number == XMP:
            # A number that means nothing, and leaves the numbers in their order.
            struct.pack_into(f"{parts.order}H", patched, tag.entry, XMP - 1)
    return bytes(patched)


def _exif_of(parts: Directories) -> bytes | None:
    """The first page's tags that other files can have, as an EXIF structure in the same byte order."""
    wanted = {ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT} | _DESCRIPTIONS
    tags = [tag for tag in parts.pages[0] if tag.number in wanted - {XMP, *_OF_THEIR_OWN}]
    if not tags:
        return None
    out = bytearray((b"II*\0" if parts.order == "<" else b"MM\0*") + struct.pack(f"{parts.order}I", 8))
    append_directory(out, tags, parts.order)
    return bytes(out)


def _made_of(document: Document) -> tuple[Tag, ...]:
    """Tags for what another container said."""
    metadata = document.metadata
    tags = [Tag(COMPRESSION, 3, struct.pack("<H", 8))]
    if metadata.dpi:
        for number, value in zip((X_RESOLUTION, Y_RESOLUTION), metadata.dpi, strict=True):
            tags.append(Tag(number, 5, struct.pack("<II", round(value * 1000), 1000)))
        tags.append(Tag(UNIT, 3, struct.pack("<H", 2)))
    if metadata.comment:
        tags.append(Tag(270, 2, metadata.comment.encode("utf-8") + b"\0"))
    for number, kind, content in [(XMP, 1, metadata.xmp), (34675, 7, metadata.icc)]:
        if content:
            tags.append(Tag(number, kind, content))
    if metadata.exif:
        tags += _of_exif(metadata.exif)
    return tuple(tags)


def _of_exif(exif: bytes) -> list[Tag]:
    """The tags of an EXIF structure, in little-endian order; it is a TIFF without a picture."""
    try:
        parts = parse(exif)
    except DAMAGE:
        return []

    def turned(tag: Tag) -> Tag:
        inner = tuple(turned(other) for other in tag.nested)
        return replace(swapped(tag, parts.order, "<"), nested=inner)

    # The resolution is among a document's metadata, in one unit and whole.
    left = _REMADE | {X_RESOLUTION, Y_RESOLUTION, UNIT}
    return [turned(tag) for tag in (parts.pages[0] if parts.pages else ()) if tag.number not in left]
