"""Extracts a page of a TIFF as a separate file that contains only its pixels and their tags.

Pillow then follows no chain of directories and reads no other tags, so the cost of a page depends on its own
bytes page.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

from kquant_hooks.documents.codecs.tifftags import LONG, Tag, append_directory, file_header, integer_in

IMAGE_WIDTH, IMAGE_LENGTH = 256, 257
BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC, SAMPLES_PER_PIXEL, COLOR_MAP = 258, 259, 262, 277, 320
RESOLUTION_TAGS = {282, 283, 296}
# Tags that describe how the pixels are stored.
STORAGE_TAGS = {
    *(255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291),
    *(292, 293, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 337, 338),
    *(339, 340, 341, 342, 346, 347, 433, 434, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530),
    *(531, 532, 32995, 32996, *range(34019, 34030)),
}
# Tags with the offsets and the lengths of strips, and of tiles.
_STRIP_TAGS, _TILE_TAGS = (273, 279), (324, 325)
_ROWS_PER_STRIP, _PLANAR_CONFIGURATION, _TILE_WIDTH, _TILE_LENGTH = 278, 284, 322, 323
_UNCOMPRESSED, _OLD_JPEG = 1, 6
_SEPARATE_PLANES = 2
# Pages may share pixels, but the extracted files together have at most 16 times the file's bytes, or 64 MiB.
_MAX_EXPANSION, _ALWAYS_ALLOWED = 16, 1 << 26

Block = tuple[int, int]


def single_pages(data: bytes, pages: Iterable[Sequence[Tag]], order: str) -> Iterator[bytes]:
    """Each page as a file; ValueError if together they would be many times larger than the file."""
    limit = max(_MAX_EXPANSION * len(data), _ALWAYS_ALLOWED)
    total = 0
    for tags in pages:
        page = single_page(data, tags, order)
        total += len(page)
        if total > limit:
            raise ValueError(
                f"cannot be decoded: its pages share pixels that would expand to more than {limit} bytes"
            )
        yield page


def single_page(
    data: bytes, tags: Sequence[Tag], order: str, altered: Callable[[bytes], bytes] = bytes
) -> bytes:
    """A page as a file, with its strips or tiles altered; ValueError if these are missing or cut off."""
    kept = {tag.number: tag for tag in tags if tag.number in STORAGE_TAGS | RESOLUTION_TAGS}
    if any(integer_in(kept.values(), number, order, 0) <= 0 for number in (IMAGE_WIDTH, IMAGE_LENGTH)):
        raise ValueError("cannot be decoded: it has no width or no height")
    out = bytearray(file_header(order))
    if integer_in(kept.values(), COMPRESSION, order, _UNCOMPRESSED) == _OLD_JPEG:
        # Its tables and streams may be anywhere in the file.
        out += data[len(out) :]
    else:
        numbers, blocks = _blocks(len(data), kept, order)
        placed: dict[Block, Block] = {}
        for start, size in blocks:
            if (start, size) not in placed:
                block = altered(data[start : start + size])
                placed[start, size] = (len(out), len(block))
                out += block
        offsets = [placed[block] for block in blocks]
        for index, number in enumerate(numbers):
            values = [offset[index] for offset in offsets]
            kept[number] = Tag(number, LONG, struct.pack(f"{order}{len(values)}I", *values))
    out += b"\0" * (len(out) % 2)
    struct.pack_into(f"{order}I", out, 4, len(out))
    append_directory(out, list(kept.values()), order)
    return bytes(out)


def _blocks(end: int, tags: dict[int, Tag], order: str) -> tuple[tuple[int, int], list[Block]]:
    """The numbers of the tags for offsets and lengths, and the offset and length of each strip or tile."""
    numbers = _STRIP_TAGS if _STRIP_TAGS[0] in tags else _TILE_TAGS
    starts, lengths = (tags[number].integers(order) if number in tags else () for number in numbers)
    if integer_in(tags.values(), COMPRESSION, order, _UNCOMPRESSED) == _UNCOMPRESSED:
        # The tag with their lengths may be missing or wrong.
        lengths = tuple(_raw_lengths(len(starts), tags, order))
    elif not any(lengths):
        lengths = tuple(max(0, end - start) for start in starts)
    elif len(lengths) < len(starts):
        raise ValueError(f"cannot be decoded: it has {len(starts)} strips but {len(lengths)} lengths")
    blocks = list(zip(starts, lengths, strict=False))
    if any(start + length > end for start, length in blocks):
        raise ValueError("cannot be decoded: the file is cut off within its pixels")
    return numbers, blocks


def _raw_lengths(count: int, tags: dict[int, Tag], order: str) -> Iterator[int]:
    """The lengths of ``count`` uncompressed strips or tiles, without rows below the picture."""

    def value(number: int, default: int) -> int:
        return integer_in(tags.values(), number, order, default)

    width, length, samples = value(IMAGE_WIDTH, 0), value(IMAGE_LENGTH, 0), value(SAMPLES_PER_PIXEL, 1)
    separate = value(_PLANAR_CONFIGURATION, 1) == _SEPARATE_PLANES
    bits = value(BITS_PER_SAMPLE, 1) * (1 if separate else samples)
    across, rows = 1, value(_ROWS_PER_STRIP, length)
    if _STRIP_TAGS[0] not in tags or _TILE_WIDTH in tags:
        rows = value(_TILE_LENGTH, length)
        tile = max(1, value(_TILE_WIDTH, width))
        across, width = -(-width // tile), tile
    rows = max(1, min(rows, length))
    plane = across * -(-length // rows)
    if count < plane * (samples if separate else 1):
        raise ValueError("cannot be decoded: its pixels end before the last row")
    for index in range(count):
        top = index % plane // across * rows
        yield min(rows, length - top) * ((width * bits + 7) // 8)
