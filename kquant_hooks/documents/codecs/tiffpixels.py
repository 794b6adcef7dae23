"""Decodes the pixels of a TIFF page to their full range, and encodes them as strips or tiles."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

from kquant_hooks.documents.codecs.tiffchecks import check_complete
from kquant_hooks.documents.codecs.tifflayout import Page
from kquant_hooks.documents.codecs.tiffpages import (
    BITS_PER_SAMPLE,
    COLOR_MAP,
    COMPRESSION,
    IMAGE_LENGTH,
    IMAGE_WIDTH,
    PHOTOMETRIC,
    single_page,
)
from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tifftags import LONG, SHORT, Tag, integer_in, swapped
from kquant_hooks.documents.codecs.tiffvalues import with_nodata
from kquant_hooks.documents.document import Unsupported
from kquant_hooks.documents.opening import decode

_STRIP_OFFSETS, _STRIP_LENGTHS, _ROWS_PER_STRIP = 273, 279, 278
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_LENGTHS = 322, 323, 324, 325
_SAMPLE_FORMAT, _SIGNED = 339, 2
_PLANAR_CONFIGURATION, _SEPARATE_PLANES = 284, 2
_WHITE_IS_ZERO, _PALETTE = 0, 3
_LOSSLESS_COMPRESSIONS = {
    1: "raw",
    5: "tiff_lzw",
    8: "tiff_adobe_deflate",
    32773: "packbits",
    32946: "tiff_adobe_deflate",
}


def decoded_page(data: bytes, max_pixels: int | None, tags: Sequence[Tag], order: str) -> Image.Image:
    """A page's picture with the levels that viewers display; pixels without data are transparent."""
    image = decode(single_page(data, tags, order), max_pixels)
    check_complete(image, data, max_pixels, tags, order)
    if image.mode == "L" and integer_in(tags, _SAMPLE_FORMAT, order, 1) == _SIGNED:
        raise Unsupported("its signed levels have no scale; convert them to 'L' or 'I;16' first")
    if (
        image.mode in ("RGB", "RGBA")
        and integer_in(tags, _PLANAR_CONFIGURATION, order, 1) == _SEPARATE_PLANES
        and integer_in(tags, BITS_PER_SAMPLE, order, 8) == 16
        and integer_in(tags, COMPRESSION, order, 1) == 1
    ):
        raise Unsupported(
            "its bands are 16-bit, uncompressed and stored separately, which Pillow cannot read"
        )
    if image.mode.startswith("I;16"):
        # Pillow ignores that the levels have 12 bits, or that 0 is white.
        bits = integer_in(tags, BITS_PER_SAMPLE, order, 16)
        inverted = integer_in(tags, PHOTOMETRIC, order, _WHITE_IS_ZERO) == _WHITE_IS_ZERO
        if bits < 16 or inverted:
            image = _with_full_range(image, (1 << bits) - 1, inverted=inverted)
    return with_nodata(image, tags, order)


def encoded_page(image: Image.Image, source_tags: Sequence[Tag], order: str) -> Page:
    """Encode a picture, compressed and tiled like the page whose tags are ``source_tags``.

    TIFF palettes have no alpha, so an indexed picture with transparency is stored as RGBA.
    """
    if image.mode == "P" and image.has_transparency_data:
        image = image.convert("RGBA")
    entries = len(image.getpalette() or ()) // 3 if image.mode == "P" else 0
    bits = 4 if 0 < entries <= 16 else 8
    tile = _tile_size(source_tags, image.size, order)
    pixels = image if tile is None else _stacked_tiles(image, tile)
    if entries:
        pixels = _packed_indices(pixels, bits)
    compression = integer_in(source_tags, COMPRESSION, order, 8)
    tags, blocks = _encoded_strips(pixels, compression, tile[1] if tile else None, order)
    if entries:
        tags |= _palette_tags(image, bits, order)
    if tile is None:
        return Page(tags=list(tags.values()), blocks=blocks, offsets_tag=_STRIP_OFFSETS)
    del tags[_ROWS_PER_STRIP]
    lengths = tags.pop(_STRIP_LENGTHS)
    tags[_TILE_LENGTHS] = Tag(_TILE_LENGTHS, lengths.type, lengths.content)
    for number, value in zip(
        (IMAGE_WIDTH, IMAGE_LENGTH, _TILE_WIDTH, _TILE_LENGTH), (*image.size, *tile), strict=True
    ):
        tags[number] = Tag(number, LONG, struct.pack(f"{order}I", value))
    return Page(tags=list(tags.values()), blocks=blocks, offsets_tag=_TILE_OFFSETS)


def _packed_indices(image: Image.Image, bits: int) -> Image.Image:
    """The indices as grey levels, which Pillow compresses unchanged; with 4 bits, two in a byte."""
    if bits == 8:
        return Image.frombytes("L", image.size, image.tobytes())
    return Image.frombytes("L", ((image.width + 1) // 2, image.height), image.tobytes("raw", "P;4"))


def _encoded_strips(
    image: Image.Image, compression: int, rows: int | None, order: str
) -> tuple[dict[int, Tag], list[bytes]]:
    """The tags without the offsets, and the strips, of ``rows`` rows each if given.

    Strips as long as the tiles of a column are the same bytes as these tiles.
    """
    method = _LOSSLESS_COMPRESSIONS.get(compression, "tiff_adobe_deflate")
    buffer = io.BytesIO()
    # Without the image's profile, which is stored with the other metadata.
    tiff_info = {} if rows is None else {_ROWS_PER_STRIP: rows}
    image.save(buffer, "TIFF", compression=method, tiffinfo=tiff_info, icc_profile=b"")
    data = buffer.getvalue()
    parts = parse(data)
    tags = {tag.number: swapped(tag, parts.order, order) for tag in parts.pages[0]}
    offsets, lengths = tags.pop(_STRIP_OFFSETS).integers(order), tags[_STRIP_LENGTHS].integers(order)
    return tags, [data[start : start + length] for start, length in zip(offsets, lengths, strict=True)]


def _palette_tags(image: Image.Image, bits: int, order: str) -> dict[int, Tag]:
    """The tags of an indexed picture."""
    palette = image.getpalette() or []
    levels = palette + [0] * (3 * (1 << bits) - len(palette))
    # 16-bit levels, all reds first.
    colors = [257 * level for band in range(3) for level in levels[band::3]]
    return {
        COLOR_MAP: Tag(COLOR_MAP, SHORT, struct.pack(f"{order}{len(colors)}H", *colors)),
        BITS_PER_SAMPLE: Tag(BITS_PER_SAMPLE, SHORT, struct.pack(f"{order}H", bits)),
        PHOTOMETRIC: Tag(PHOTOMETRIC, SHORT, struct.pack(f"{order}H", _PALETTE)),
        IMAGE_WIDTH: Tag(IMAGE_WIDTH, LONG, struct.pack(f"{order}I", image.width)),
    }


def _with_full_range(image: Image.Image, largest: int, *, inverted: bool) -> Image.Image:
    levels = np.asarray(image).astype(np.uint32) * np.uint32(65535) // np.uint32(largest)
    if inverted:
        levels = 65535 - levels
    result = Image.frombytes("I;16", image.size, levels.astype("<u2").tobytes())
    result.info = image.info
    return result


def _tile_size(tags: Sequence[Tag], size: tuple[int, int], order: str) -> tuple[int, int] | None:
    """Width and length of a page's tiles; None if it has strips, or if its tiles are not worth keeping."""
    width, length = (integer_in(tags, number, order, 0) for number in (_TILE_WIDTH, _TILE_LENGTH))
    if not width or not length:
        return None
    offsets = next((tag.integers(order) for tag in tags if tag.number == _TILE_OFFSETS), ())
    count = -(-size[0] // width) * -(-size[1] // length)
    # Tiles much larger than the picture would need unlimited memory.
    wasteful = count * width * length > max(4 * size[0] * size[1], 1 << 22)
    return None if count > len(offsets) or wasteful else (width, length)


def _stacked_tiles(image: Image.Image, tile: tuple[int, int]) -> Image.Image:
    """The tiles of a picture in one column, row by row; edge pixels are repeated to fill the last tiles."""
    width, length = tile
    columns, rows = -(-image.width // width), -(-image.height // length)
    full = Image.new(image.mode, (columns * width, rows * length))
    full.paste(image)
    right, bottom = image.size
    for column in range(right, full.width):
        full.paste(image.crop((right - 1, 0, right, bottom)), (column, 0))
    for row in range(bottom, full.height):
        full.paste(full.crop((0, bottom - 1, full.width, bottom)), (0, row))
    tall = Image.new(image.mode, (width, length * columns * rows))
    for number in range(columns * rows):
        left, top = number % columns * width, number // columns * length
        tall.paste(full.crop((left, top, left + width, top + length)), (0, number * length))
    return tall
