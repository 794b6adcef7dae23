"""Reads and writes TIFF, with one page or many, tag by tag.

Tags that describe the picture are kept unchanged, in the file's own byte order; those that describe how its
pixels are stored are written again. The format: Aldus, *TIFF Revision 6.0*, 1992.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from PIL import Image

from kquant_hooks.documents.codecs.tifflayout import has_directories_first, joined
from kquant_hooks.documents.codecs.tiffpages import (
    COMPRESSION,
    IMAGE_LENGTH,
    IMAGE_WIDTH,
    PHOTOMETRIC,
    SAMPLES_PER_PIXEL,
    STORAGE_TAGS,
    single_page,
    single_pages,
)
from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tiffpixels import decoded_page, encoded_page
from kquant_hooks.documents.codecs.tifftags import (
    SHORT,
    Directories,
    Tag,
    append_directory,
    file_header,
    integer_in,
    swapped,
)
from kquant_hooks.documents.codecs.tiffvalues import (
    PIXEL_VALUE_TAGS,
    nodata_index,
    pixel_value_content,
    tags_for_indices,
    with_nodata_color,
)
from kquant_hooks.documents.document import (
    Document,
    Encoding,
    Frame,
    Metadata,
    Unsupported,
    pixel_value_error,
)
from kquant_hooks.documents.opening import dpi_of, open_image, still_document
from kquant_hooks.options.limits import check_frames

_DESCRIPTION, _ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 270, 274, 282, 283, 296
_SUB_IFDS, _EXTRA_SAMPLES, _UNSPECIFIED, _XMP, _ICC = 330, 338, 0, 700, 34675
# Two ways to mark a transparency mask: a bit of the subfile type, or a photometric interpretation.
_SUBFILE_TYPE, _MASK_BIT, _MASK_PHOTOMETRIC = 254, 4, 4
_ASCII, _RATIONAL, _BYTE, _UNDEFINED = 2, 5, 1, 7
_DEFLATE, _INCHES = 8, 2
# Content, owner and origin: description, maker, software, date, artist, copyright, XMP, IPTC, EXIF, GPS, and
# labels and the like of ImageJ.
_DESCRIPTIVE_TAGS = {269, 270, 271, 272, 285, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853}
_DESCRIPTIVE_TAGS |= {50838, 50839}
# Of these, the tags of IPTC, Photoshop and ImageJ, which other formats do not store in EXIF.
_TIFF_ONLY_TAGS = {33723, 34377, 50838, 50839}


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a TIFF."""
    parts = parse(data)
    if not parts.pages:
        raise ValueError("cannot be decoded: it has no page")
    if any(_is_mask(tags, parts.order) for tags in parts.pages):
        raise Unsupported("it has a transparency mask, which would be lost")
    check_frames((_size_of(tags, parts.order) for tags in parts.pages), max_pixels, "pages")
    for tags, single in zip(parts.pages, single_pages(data, parts.pages, parts.order), strict=True):
        if any(tag.number == _SUB_IFDS for tag in tags):
            raise Unsupported("it has pictures within pages (SubIFDs), which would be lost")
        samples = integer_in(tags, SAMPLES_PER_PIXEL, parts.order, 1)
        extra = next((tag.integers(parts.order) for tag in tags if tag.number == _EXTRA_SAMPLES), ())
        if samples > len(open_image(single, max_pixels).getbands()) or _UNSPECIFIED in extra:
            raise Unsupported(
                f"it has {samples} channels, and those other than colour and alpha would be lost"
            )

    def page(tags: tuple[Tag, ...]) -> Frame:
        return Frame(load=lambda: decoded_page(data, max_pixels, tags, parts.order))

    first = open_image(single_page(data, parts.pages[0], parts.order), max_pixels)
    xmp, icc = (_content(parts.pages[0], number) for number in (_XMP, _ICC))
    metadata = Metadata(icc=icc, exif=_exif_of(parts), xmp=xmp, dpi=dpi_of(first))
    if len(parts.pages) == 1:
        return replace(still_document("TIFF", page(parts.pages[0]).load(), parts), metadata=metadata)
    return Document(
        format="TIFF",
        size=first.size,
        frames=tuple(page(tags) for tags in parts.pages),
        kind="pages",
        metadata=metadata,
        parts=parts,
    )


def check(document: Document, encoding: Encoding) -> None:
    """Refuse a document whose metadata would be wrong for palette indices."""
    for page in _source_pages(document, encoding):
        for tag in page:
            if what := pixel_value_content(tag):
                raise pixel_value_error(what)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Encode a TIFF from a document of any format and the new images of its pages."""
    parts = document.parts if document.format == "TIFF" else None
    order = parts.order if parts else "<"
    pages = []
    for source_tags, image in zip(_source_pages(document, encoding), images, strict=False):
        transparent_index = nodata_index(image, source_tags)
        if transparent_index is not None:
            image = with_nodata_color(image, transparent_index, source_tags, order)
        described = (tag for tag in source_tags if tag.number not in STORAGE_TAGS)
        kept = tags_for_indices(described, transparent_index)
        page = encoded_page(image, source_tags, order)
        pages.append(replace(page, tags=[*kept, *page.tags]))
    return joined(pages, order, directories_first=parts is not None and has_directories_first(parts))


def _source_pages(document: Document, encoding: Encoding) -> tuple[tuple[Tag, ...], ...]:
    """The tags of each page of the source, without those that ``encoding`` strips."""
    pages = document.parts.pages if document.format == "TIFF" else (_tags_of(document),)
    if not encoding.strip:
        return cast("tuple[tuple[Tag, ...], ...]", pages)
    return tuple(
        tuple(tag for tag in page if tag.number not in _DESCRIPTIVE_TAGS and not pixel_value_content(tag))
        for page in pages
    )


def _is_mask(tags: Sequence[Tag], order: str) -> bool:
    kind = integer_in(tags, _SUBFILE_TYPE, order, 0)
    return bool(kind & _MASK_BIT) or integer_in(tags, PHOTOMETRIC, order, 0) == _MASK_PHOTOMETRIC


def _size_of(tags: Sequence[Tag], order: str) -> tuple[int, int]:
    return integer_in(tags, IMAGE_WIDTH, order, 0), integer_in(tags, IMAGE_LENGTH, order, 0)


def _content(tags: Sequence[Tag], number: int) -> bytes | None:
    return next((tag.content for tag in tags if tag.number == number), None)


def _exif_of(parts: Directories) -> bytes | None:
    """The tags of the first page that EXIF can hold, as an EXIF structure in the same byte order."""
    wanted = {_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT} | _DESCRIPTIVE_TAGS
    tags = [tag for tag in parts.pages[0] if tag.number in wanted - {_XMP, *_TIFF_ONLY_TAGS}]
    tags = tags_for_indices((tag for tag in tags if not pixel_value_content(tag)), None)
    if not tags:
        return None
    out = bytearray(file_header(parts.order, 8))
    append_directory(out, tags, parts.order)
    return bytes(out)


def _tags_of(document: Document) -> tuple[Tag, ...]:
    """Tags for the metadata of another format."""
    metadata = document.metadata
    tags = [Tag(COMPRESSION, SHORT, struct.pack("<H", _DEFLATE))]
    if metadata.dpi:
        for number, value in zip((_X_RESOLUTION, _Y_RESOLUTION), metadata.dpi, strict=True):
            tags.append(Tag(number, _RATIONAL, struct.pack("<II", round(value * 1000), 1000)))
        tags.append(Tag(_RESOLUTION_UNIT, SHORT, struct.pack("<H", _INCHES)))
    if metadata.comment:
        tags.append(Tag(_DESCRIPTION, _ASCII, metadata.comment.encode("utf-8") + b"\0"))
    for number, kind, content in [(_XMP, _BYTE, metadata.xmp), (_ICC, _UNDEFINED, metadata.icc)]:
        if content:
            tags.append(Tag(number, kind, content))
    if metadata.exif:
        tags += _exif_tags(metadata.exif)
    return tuple(tags)


def _exif_tags(exif: bytes) -> list[Tag]:
    """The tags of an EXIF structure, which is a TIFF without a picture, in little-endian order."""
    try:
        parts = parse(exif)
    except ValueError:
        return []

    def little_endian(tag: Tag) -> Tag:
        nested = tuple(little_endian(inner) for inner in tag.nested)
        return replace(swapped(tag, parts.order, "<"), nested=nested)

    # The document's metadata has the resolution, complete and in inches.
    excluded = STORAGE_TAGS | PIXEL_VALUE_TAGS | {_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT}
    return [
        little_endian(tag) for tag in (parts.pages[0] if parts.pages else ()) if tag.number not in excluded
    ]
