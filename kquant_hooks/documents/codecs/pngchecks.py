"""Whether a PNG is whole: checksums of its chunks, and a byte for every sample that its header announces.

Pillow looks at the checksums of few chunks, and fills rows that are missing with nothing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from kquant_hooks.formats.chunks import PNG_SIGNATURE, png_chunks
from kquant_hooks.options.limits import check_picture

Chunk = tuple[bytes, bytes]

_HEADER = struct.Struct(">IIBBBBB")
# By colour type: how many samples a pixel has, and of how many bits they can be.
_KINDS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
# Left, top, and steps to the right and down, of interlaced pixels.
_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_SIDES = 1 << 31
_AT_ONCE = 1 << 18


def check_within(data: bytes, max_pixels: int | None) -> None:
    """ValueError where a PNG within another file, as in an icon, is damaged, cut off or too large."""
    view, place = memoryview(data), data.find(PNG_SIGNATURE)
    while place >= 0:
        chunks, length = chunks_of(view[place:])
        header = chunks[0][1]
        check_picture(size_in(header), max_pixels)
        check_rows(header, (content for kind, content in chunks if kind == b"IDAT"))
        place = data.find(PNG_SIGNATURE, place + length)


def chunks_of(data: bytes | memoryview) -> tuple[list[Chunk], int]:
    """The chunks of a file, and where they end.

    Raises
    ------
    ValueError
        If it is cut off, or a checksum or the header is wrong.
    """
    chunks: list[Chunk] = []
    place = len(PNG_SIGNATURE)
    for kind, content in png_chunks(data):
        place += 12 + len(content)
        if zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(data[place - 4 : place], "big"):
            name = kind.decode("ascii", "backslashreplace")
            raise ValueError(f"cannot be decoded: it is damaged, as the checksum of its chunk {name!r} says")
        chunks.append((kind, bytes(content)))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") > 1 or len(chunks[0][1]) != _HEADER.size:
        raise ValueError("cannot be decoded: it does not begin with its one header")
    width, height, depth, color_type, *methods = _HEADER.unpack(chunks[0][1])
    possible = depth in _KINDS.get(color_type, (0, ()))[1] and methods in ([0, 0, 0], [0, 0, 1])
    if not (possible and 0 < width < _SIDES and 0 < height < _SIDES):
        raise ValueError(
            f"cannot be decoded: its header declares {width} x {height} pixels, {depth} bits, colour type "
            f"{color_type} and methods {', '.join(map(str, methods))}, which no PNG can have"
        )
    if kinds[-1] != b"IEND":
        raise ValueError("cannot be decoded: the file is cut off")
    return chunks, place


def size_in(header: bytes) -> tuple[int, int]:
    """Width and height from the content of an ``IHDR``."""
    width, height = struct.unpack_from(">II", header)
    return width, height


def joined(chunks: Iterable[Chunk]) -> bytes:
    """A file of chunks."""
    return PNG_SIGNATURE + b"".join(packed(*chunk) for chunk in chunks)


def packed(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def check_rows(header: bytes, parts: Iterable[bytes]) -> None:
    """ValueError where the deflated parts of a picture's pixels are damaged, or end before the last row.

    Parameters
    ----------
    header : bytes
        The content of its ``IHDR``.
    parts : iterable of bytes
    """
    left = sum(_lengths(header))
    inflate = zlib.decompressobj()
    try:
        for part in _pieces(parts):
            while part and left >= 0:
                left -= len(inflate.decompress(part, _AT_ONCE))
                part = inflate.unconsumed_tail
            if inflate.eof or left < 0:
                break
        else:
            left -= len(inflate.flush())
    except zlib.error as error:
        raise ValueError("cannot be decoded: its pixels are damaged") from error
    if left > 0:
        raise ValueError("cannot be decoded: its pixels end before the last row")


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts in such pieces that what zlib leaves of one for the next time is little."""
    for part in parts:
        for start in range(0, len(part), _AT_ONCE):
            yield part[start : start + _AT_ONCE]


def _lengths(header: bytes) -> Iterator[int]:
    """The bytes of each pass, with one for the filter of each row."""
    width, height, depth, kind, _, _, interlaced = _HEADER.unpack(header)
    bits = depth * _KINDS[kind][0]
    for left, top, right, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            yield rows * (1 + (columns * bits + 7) // 8)
