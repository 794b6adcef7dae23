"""The pixels of a TIFF's page: decoded to true levels, encoded as strips or tiles."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

from kquant_hooks.documents.codecs.tiffpages import (
    BITS,
    COLORMAP,
    COMPRESSION,
    LENGTH,
    PHOTOMETRIC,
    WIDTH,
    page_alone,
)
from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tifftags import LONG, SHORT, Tag, number_in, swapped
from kquant_hooks.documents.codecs.tiffvalues import with_nodata
from kquant_hooks.documents.codecs.tiffwhole import check_whole
from kquant_hooks.documents.document import Unsupported
from kquant_hooks.documents.opening import decode

_OFFSETS, _LENGTHS, _ROWS = 273, 279, 278
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_LENGTHS = 322, 323, 324, 325
_SAMPLE_FORMAT, _SIGNED = 339, 2
_PLANES, _APART = 284, 2
_WHITE_IS_ZERO, _PALETTE = 0, 3
_LOSSLESS = {1: "raw", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 32946: "tiff_adobe_deflate"}


def decoded_page(data: bytes, max_pixels: int | None, tags: Sequence[Tag], order: str) -> Image.Image:
    """A page's picture in the levels that are seen, transparent where it has no data."""
    image = decode(page_alone(data, tags, order), max_pixels)
    check_whole(image, data, max_pixels, tags, order)
    if image.mode == "L" and number_in(tags, _SAMPLE_FORMAT, order, 1) == _SIGNED:
        raise Unsupported("its levels have a sign and no scale; convert them to 'L' or 'I;16' first")
    if (
        image.mode in ("RGB", "RGBA")
        and number_in(tags, _PLANES, order, 1) == _APART
        and number_in(tags, BITS, order, 8) == 16
        and number_in(tags, COMPRESSION, order, 1) == 1
    ):
        raise Unsupported("its bands of 16 bits stand apart and uncompressed, which Pillow cannot read")
    if image.mode.startswith("I;16"):
        # Pillow reads 12 bits as if they were 16, and black for white.
        bits = number_in(tags, BITS, order, 16)
        inverted = number_in(tags, PHOTOMETRIC, order, _WHITE_IS_ZERO) == _WHITE_IS_ZERO
        if bits < 16 or inverted:
            image = _with_true_levels(image, (1 << bits) - 1, inverted=inverted)
    return with_nodata(image, tags, order)


def encoded_page(image: Image.Image, old: Sequence[Tag], order: str) -> tuple[list[Tag], list[bytes], int]:
    """The tags of a picture but for the places of its strips or tiles, these, and the number of that tag.

    Compressed and tiled as the page was whose tags are ``old``. An indexed picture with transparency, which
    palettes have none of here, has it in its pixels.
    """
    if image.mode == "P" and image.has_transparency_data:
        image = image.convert("RGBA")
    entries = len(image.getpalette() or ()) // 3 if image.mode == "P" else 0
    tile = _tile_of(old, image.size, order)
    stored = image if tile is None else _one_above_the_other(image, tile)
    halved = 0 < entries <= 16
    if halved:
        # Two pixels a byte: Pillow knows only whole bytes, and compresses these as grey levels.
        packed = stored.tobytes("raw", "P;4")
        stored = Image.frombytes("L", ((stored.width + 1) // 2, stored.height), packed)
    elif entries:
        stored = Image.frombytes("L", stored.size, stored.tobytes())
    compression = _LOSSLESS.get(number_in(old, COMPRESSION, order, 8), "tiff_adobe_deflate")
    # Strips that are as long as tiles are tiles.
    rows = {} if tile is None else {_ROWS: tile[1]}
    buffer = io.BytesIO()
    # Which profile it has is not for the pixels to say.
    stored.save(buffer, "TIFF", compression=compression, tiffinfo=rows, icc_profile=b"")
    parts = parse(buffer.getvalue())
    made = {tag.number: swapped(tag, parts.order, order) for tag in parts.pages[0]}
    places, lengths = made.pop(_OFFSETS).numbers(order), made[_LENGTHS].numbers(order)
    blocks = [buffer.getvalue()[at : at + length] for at, length in zip(places, lengths, strict=True)]
    if entries:
        bits = 4 if halved else 8
        levels = (image.getpalette() or []) + [0] * 3 * ((1 << bits) - entries)
        # Levels of 16 bits, all reds first.
        colors = [257 * level for band in range(3) for level in levels[band::3]]
        made[COLORMAP] = Tag(COLORMAP, SHORT, struct.pack(f"{order}{len(colors)}H", *colors))
        made[BITS] = Tag(BITS, SHORT, struct.pack(f"{order}H", bits))
        made[PHOTOMETRIC] = Tag(PHOTOMETRIC, SHORT, struct.pack(f"{order}H", _PALETTE))
        made[WIDTH] = Tag(WIDTH, LONG, struct.pack(f"{order}I", image.width))
    if tile is None:
        return list(made.values()), blocks, _OFFSETS
    del made[_ROWS]
    made[_TILE_LENGTHS] = Tag(_TILE_LENGTHS, made[_LENGTHS].type, made.pop(_LENGTHS).content)
    for number, value in zip((WIDTH, LENGTH, _TILE_WIDTH, _TILE_LENGTH), (*image.size, *tile), strict=True):
        made[number] = Tag(number, LONG, struct.pack(f"{order}I", value))
    return list(made.values()), blocks, _TILE_OFFSETS


def _with_true_levels(image: Image.Image, largest: int, *, inverted: bool) -> Image.Image:
    levels = np.asarray(image).astype(np.uint32) * np.uint32(65535) // np.uint32(largest)
    if inverted:
        levels = 65535 - levels
    result = Image.frombytes("I;16", image.size, levels.astype("<u2").tobytes())
    result.info = image.info
    return result


def _tile_of(tags: Sequence[Tag], size: tuple[int, int], order: str) -> tuple[int, int] | None:
    """Width and length of a page's tiles; None where it has strips, or no such tiles as would be made."""
    width, length = (number_in(tags, number, order, 0) for number in (_TILE_WIDTH, _TILE_LENGTH))
    if not width or not length:
        return None
    places = next((tag.numbers(order) for tag in tags if tag.number == _TILE_OFFSETS), ())
    count = -(-size[0] // width) * -(-size[1] // length)
    # Tiles that are mostly filling would take memory without bound.
    wasteful = count * width * length > max(4 * size[0] * size[1], 1 << 22)
    return None if count > len(places) or wasteful else (width, length)


def _one_above_the_other(image: Image.Image, tile: tuple[int, int]) -> Image.Image:
    """The tiles of a picture as one column, row by row; the last ones are filled with its last pixels."""
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
