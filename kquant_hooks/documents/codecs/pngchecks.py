"""Checks that a PNG is complete: the checksums of its chunks, and the number of bytes in its pixels.

Pillow verifies the checksums of few chunks, and silently fills missing rows.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from kquant_hooks.formats.chunks import PNG_SIGNATURE, png_chunks
from kquant_hooks.options.limits import check_picture

Chunk = tuple[bytes, bytes]

_HEADER = struct.Struct(">IIBBBBB")
# For each colour type: samples per pixel, and the possible bit depths.
_COLOR_TYPES = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
# The passes of Adam7 interlacing: left, top, and the steps to the right and down.
_ADAM7_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_MAX_SIDE = (1 << 31) - 1
_BLOCK_SIZE = 1 << 18


def check_embedded(data: bytes, max_pixels: int | None) -> None:
    """ValueError if a PNG inside another file, such as an icon, is damaged, cut off or too large."""
    view, offset = memoryview(data), data.find(PNG_SIGNATURE)
    while offset >= 0:
        chunks, length = chunks_of(view[offset:])
        header = chunks[0][1]
        check_picture(size_in(header), max_pixels)
        check_rows(header, (content for kind, content in chunks if kind == b"IDAT"))
        offset = data.find(PNG_SIGNATURE, offset + length)


def chunks_of(data: bytes | memoryview) -> tuple[list[Chunk], int]:
    """The chunks of a file, and the offset at which they end.

    Raises
    ------
    ValueError
        If the file is cut off, or if a checksum or the header is wrong.
    """
    chunks: list[Chunk] = []
    offset = len(PNG_SIGNATURE)
    for kind, content in png_chunks(data):
        offset += 12 + len(content)
        if zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(data[offset - 4 : offset], "big"):
            name = kind.decode("ascii", "backslashreplace")
            raise ValueError(f"cannot be decoded: the checksum of its chunk {name!r} is wrong")
        chunks.append((kind, bytes(content)))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") > 1 or len(chunks[0][1]) != _HEADER.size:
        raise ValueError("cannot be decoded: it must begin with its only header (IHDR)")
    _check_header(chunks[0][1])
    if kinds[-1] != b"IEND":
        raise ValueError("cannot be decoded: the file is cut off")
    return chunks, offset


def _check_header(header: bytes) -> None:
    """ValueError unless the content of an ``IHDR`` is possible."""
    width, height, depth, color_type, *methods = _HEADER.unpack(header)
    possible = depth in _COLOR_TYPES.get(color_type, (0, ()))[1] and methods in ([0, 0, 0], [0, 0, 1])
    if not (possible and 0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise ValueError(
            f"cannot be decoded: its header declares {width} x {height} pixels, {depth} bits, colour type "
            f"{color_type} and methods {', '.join(map(str, methods))}, which PNG does not allow"
        )


def size_in(header: bytes) -> tuple[int, int]:
    """Width and height from the content of an ``IHDR``."""
    width, height = struct.unpack_from(">II", header)
    return width, height


def joined(chunks: Iterable[Chunk]) -> bytes:
    """A file made of these chunks."""
    return PNG_SIGNATURE + b"".join(packed(*chunk) for chunk in chunks)


def packed(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def check_rows(header: bytes, parts: Iterable[bytes]) -> None:
    """ValueError if a picture's deflated pixels are damaged, or if they end before the last row.

    Parameters
    ----------
    header : bytes
        The content of the picture's ``IHDR``.
    parts : iterable of bytes
        Its deflated pixels.
    """
    missing = sum(_pass_lengths(header))
    inflate = zlib.decompressobj()
    try:
        for block in _blocks(parts):
            while block and missing >= 0:
                missing -= len(inflate.decompress(block, _BLOCK_SIZE))
                block = inflate.unconsumed_tail
            if inflate.eof or missing < 0:
                break
        else:
            missing -= len(inflate.flush())
    except zlib.error as error:
        raise ValueError("cannot be decoded: its pixels are damaged") from error
    if missing > 0:
        raise ValueError("cannot be decoded: its pixels end before the last row")


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts in blocks, so that zlib copies little when it returns unconsumed input."""
    for part in parts:
        for start in range(0, len(part), _BLOCK_SIZE):
            yield part[start : start + _BLOCK_SIZE]


def _pass_lengths(header: bytes) -> Iterator[int]:
    """The number of bytes in each pass, one byte per row for its filter included."""
    width, height, depth, color_type, _, _, interlaced = _HEADER.unpack(header)
    bits = depth * _COLOR_TYPES[color_type][0]
    for left, top, right, down in _ADAM7_PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            yield rows * (1 + (columns * bits + 7) // 8)
