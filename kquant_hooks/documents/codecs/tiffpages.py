"""A page of a TIFF as a file of its own, which has what its pixels need and nothing else.

So Pillow walks no chain of directories and sees no tags that are not about pixels: a page costs what its
own bytes do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

from kquant_hooks.documents.codecs.tifftags import LONG, Tag, append_directory, header_of, number_in

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, COLORMAP = 256, 257, 258, 259, 262, 277, 320
RESOLUTION = {282, 283, 296}
# How the pixels are stored.
STORAGE = {255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
STORAGE |= {292, 293, 301, 317, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 337, 338}
STORAGE |= {339, 340, 341, 342, 346, 347, 433, 434, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530}
STORAGE |= {531, 532, 32995, 32996, *range(34019, 34030)}
_STRIPS, _TILES = (273, 279), (324, 325)
_ROWS, _PLANAR, _TILE_WIDTH, _TILE_LENGTH = 278, 284, 322, 323
_RAW, _OLD_JPEG, _SEPARATE = 1, 6, 2
# Pages may share pixels; but all together they fill no more than so many times the file, or so many bytes.
_MOST, _LEAST = 16, 1 << 26

Block = tuple[int, int]


def pages_alone(data: bytes, pages: Iterable[Sequence[Tag]], order: str) -> Iterator[bytes]:
    """Each page as a file; ValueError where together they would fill many times the file's size."""
    left = max(_MOST * len(data), _LEAST)
    for tags in pages:
        alone = page_alone(data, tags, order)
        left -= len(alone)
        if left < 0:
            raise ValueError(
                "cannot be decoded: its pages share so much that they would fill many times its size"
            )
        yield alone


def page_alone(
    data: bytes, tags: Sequence[Tag], order: str, altered: Callable[[bytes], bytes] = bytes
) -> bytes:
    """A page as a file, its strips or tiles altered; ValueError where it has none, or they are cut off."""
    kept = {tag.number: tag for tag in tags if tag.number in STORAGE | RESOLUTION}
    if any(number_in(kept.values(), number, order, 0) <= 0 for number in (WIDTH, LENGTH)):
        raise ValueError("cannot be decoded: it has no width or no height")
    out = bytearray(header_of(order))
    if number_in(kept.values(), COMPRESSION, order, _RAW) == _OLD_JPEG:
        # Its tables and streams may lie anywhere.
        out += data[len(out) :]
    else:
        numbers, blocks = _blocks(len(data), kept, order)
        placed: dict[Block, Block] = {}
        for start, size in blocks:
            if (start, size) not in placed:
                block = altered(data[start : start + size])
                placed[start, size] = (len(out), len(block))
                out += block
        places = [placed[block] for block in blocks]
        for index, number in enumerate(numbers):
            values = [place[index] for place in places]
            kept[number] = Tag(number, LONG, struct.pack(f"{order}{len(values)}I", *values))
    out += b"\0" * (len(out) % 2)
    struct.pack_into(f"{order}I", out, 4, len(out))
    append_directory(out, list(kept.values()), order)
    return bytes(out)


def _blocks(end: int, tags: dict[int, Tag], order: str) -> tuple[tuple[int, int], list[Block]]:
    """The numbers of the tags that say where a page's strips or tiles are, and place and length of each."""
    numbers = _STRIPS if _STRIPS[0] in tags else _TILES
    starts, lengths = (tags[number].numbers(order) if number in tags else () for number in numbers)
    if number_in(tags.values(), COMPRESSION, order, _RAW) == _RAW:
        # What else tells how long they are may be missing or wrong.
        lengths = tuple(_raw_lengths(len(starts), tags, order))
    elif not any(lengths):
        lengths = tuple(max(0, end - start) for start in starts)
    elif len(lengths) < len(starts):
        raise ValueError("cannot be decoded: the lengths of its strips are missing")
    blocks = list(zip(starts, lengths, strict=False))
    if any(start + length > end for start, length in blocks):
        raise ValueError("cannot be decoded: the file is cut off within its pixels")
    return numbers, blocks


def _raw_lengths(count: int, tags: dict[int, Tag], order: str) -> Iterator[int]:
    """The bytes of so many uncompressed strips or tiles, as far as they are seen."""

    def value(number: int, default: int) -> int:
        return number_in(tags.values(), number, order, default)

    width, length, samples = value(WIDTH, 0), value(LENGTH, 0), value(SAMPLES, 1)
    separate = value(_PLANAR, 1) == _SEPARATE
    bits = value(BITS, 1) * (1 if separate else samples)
    across, rows = 1, value(_ROWS, length)
    if _STRIPS[0] not in tags or _TILE_WIDTH in tags:
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
