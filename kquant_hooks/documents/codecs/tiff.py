"""TIFF, of one page or many: taken apart and put together tag by tag.

Tags that describe the picture are carried over as they are, in the file's own byte order; those that describe
how its pixels were stored are made anew. The format: Aldus, *TIFF Revision 6.0*, 1992.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from PIL import Image

from kquant_hooks.documents.codecs.tifflayout import Page, has_directories_first, joined
from kquant_hooks.documents.codecs.tiffpages import (
    COMPRESSION,
    LENGTH,
    PHOTOMETRIC,
    SAMPLES,
    STORAGE,
    WIDTH,
    page_alone,
    pages_alone,
)
from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tiffpixels import decoded_page, encoded_page
from kquant_hooks.documents.codecs.tifftags import (
    SHORT,
    Directories,
    Tag,
    append_directory,
    header_of,
    number_in,
    swapped,
)
from kquant_hooks.documents.codecs.tiffvalues import (
    VALUE_TAGS,
    colored_nodata,
    index_of_nodata,
    true_of_indices,
    values_of,
)
from kquant_hooks.documents.document import (
    Document,
    Encoding,
    Frame,
    Metadata,
    Unsupported,
    untrue_of_indices,
)
from kquant_hooks.documents.opening import dpi_of, open_image, still
from kquant_hooks.options.limits import check_frames

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT, SUB_IFDS = 274, 282, 283, 296, 330
EXTRA, UNSPECIFIED, XMP, ICC = 338, 0, 700, 34675
# What a page is: a bit of one tag, a value of another.
_KIND, _IS_MASK, _MASK = 254, 4, 4
# Whose it is and what made it: description, maker, software, date, artist, copyright, XMP, IPTC, EXIF, GPS,
# labels and the like of ImageJ.
_DESCRIPTIONS = {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853}
_DESCRIPTIONS |= {50838, 50839}
# Of these, the ones that other files do not hold in EXIF: IPTC, Photoshop's and ImageJ's.
_OF_THEIR_OWN = {33723, 34377, 50838, 50839}


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a TIFF apart."""
    parts = parse(data)
    if not parts.pages:
        raise ValueError("cannot be decoded: it has no page")
    if any(_is_mask(tags, parts.order) for tags in parts.pages):
        raise Unsupported("it has a mask, a page that says which pixels there are, which would be lost")
    check_frames((_size_of(tags, parts.order) for tags in parts.pages), max_pixels, "pages")
    for tags, alone in zip(parts.pages, pages_alone(data, parts.pages, parts.order), strict=True):
        if any(tag.number == SUB_IFDS for tag in tags):
            raise Unsupported("it has pictures within pictures (SubIFDs), which would be lost")
        samples = number_in(tags, SAMPLES, parts.order, 1)
        extra = next((tag.numbers(parts.order) for tag in tags if tag.number == EXTRA), ())
        if samples > len(open_image(alone, max_pixels).getbands()) or UNSPECIFIED in extra:
            raise Unsupported(f"it has {samples} channels, of which those beside its colours would be lost")

    def page(tags: tuple[Tag, ...]) -> Frame:
        return Frame(lambda: decoded_page(data, max_pixels, tags, parts.order))

    first = open_image(page_alone(data, parts.pages[0], parts.order), max_pixels)
    xmp, icc = (_content(parts.pages[0], number) for number in (XMP, ICC))
    metadata = Metadata(icc, _exif_of(parts), xmp, dpi_of(first))
    if len(parts.pages) == 1:
        return replace(still("TIFF", page(parts.pages[0]).load(), parts), metadata=metadata)
    frames = tuple(page(tags) for tags in parts.pages)
    return Document("TIFF", first.size, frames, "pages", metadata=metadata, parts=parts)


def check(document: Document, encoding: Encoding) -> None:
    """Refuse a document with what would not be true of indices."""
    for what in (what for page in _old_pages(document, encoding) for tag in page if (what := values_of(tag))):
        raise untrue_of_indices(what)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a TIFF together from a document of any format and its pages' new pixels."""
    parts = document.parts if document.format == "TIFF" else None
    order = parts.order if parts else "<"
    pages = []
    for old, image in zip(_old_pages(document, encoding), images, strict=False):
        clear = index_of_nodata(image, old)
        if clear is not None:
            image = colored_nodata(image, clear, old, order)
        carried = true_of_indices((tag for tag in old if tag.number not in STORAGE), clear)
        made, blocks, number = encoded_page(image, old, order)
        pages.append(Page((*carried, *made), blocks, number))
    return joined(pages, order, directories_first=parts is not None and has_directories_first(parts))


def _old_pages(document: Document, encoding: Encoding) -> tuple[tuple[Tag, ...], ...]:
    """The tags of each page, as far as they are not to be left out."""
    pages = document.parts.pages if document.format == "TIFF" else (_made_of(document),)
    if not encoding.strip:
        return cast("tuple[tuple[Tag, ...], ...]", pages)
    return tuple(
        tuple(tag for tag in page if tag.number not in _DESCRIPTIONS and not values_of(tag)) for page in pages
    )


def _is_mask(tags: Sequence[Tag], order: str) -> bool:
    kind = number_in(tags, _KIND, order, 0)
    return bool(kind & _IS_MASK) or number_in(tags, PHOTOMETRIC, order, 0) == _MASK


def _size_of(tags: Sequence[Tag], order: str) -> tuple[int, int]:
    return number_in(tags, WIDTH, order, 0), number_in(tags, LENGTH, order, 0)


def _content(tags: Sequence[Tag], number: int) -> bytes | None:
    return next((tag.content for tag in tags if tag.number == number), None)


def _exif_of(parts: Directories) -> bytes | None:
    """The first page's tags that other files can have, as an EXIF structure in the same byte order."""
    wanted = {ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT} | _DESCRIPTIONS
    tags = [tag for tag in parts.pages[0] if tag.number in wanted - {XMP, *_OF_THEIR_OWN}]
    tags = true_of_indices((tag for tag in tags if not values_of(tag)), None)
    if not tags:
        return None
    out = bytearray(header_of(parts.order, 8))
    append_directory(out, tags, parts.order)
    return bytes(out)


def _made_of(document: Document) -> tuple[Tag, ...]:
    """Tags for what another format said."""
    metadata = document.metadata
    tags = [Tag(COMPRESSION, SHORT, struct.pack("<H", 8))]
    if metadata.dpi:
        for number, value in zip((X_RESOLUTION, Y_RESOLUTION), metadata.dpi, strict=True):
            tags.append(Tag(number, 5, struct.pack("<II", round(value * 1000), 1000)))
        tags.append(Tag(UNIT, SHORT, struct.pack("<H", 2)))
    if metadata.comment:
        tags.append(Tag(270, 2, metadata.comment.encode("utf-8") + b"\0"))
    for number, kind, content in [(XMP, 1, metadata.xmp), (ICC, 7, metadata.icc)]:
        if content:
            tags.append(Tag(number, kind, content))
    if metadata.exif:
        tags += _of_exif(metadata.exif)
    return tuple(tags)


def _of_exif(exif: bytes) -> list[Tag]:
    """The tags of an EXIF structure, in little-endian order; it is a TIFF without a picture."""
    try:
        parts = parse(exif)
    except ValueError:
        return []

    def turned(tag: Tag) -> Tag:
        inner = tuple(turned(other) for other in tag.nested)
        return replace(swapped(tag, parts.order, "<"), nested=inner)

    # The resolution is among a document's metadata, in one unit and whole.
    left = STORAGE | VALUE_TAGS | {X_RESOLUTION, Y_RESOLUTION, UNIT}
    return [turned(tag) for tag in (parts.pages[0] if parts.pages else ()) if tag.number not in left]
