"""Reads canvas sizes and timing from the headers of files.

This reader shares no code with the codecs, so that it does not repeat their mistakes. It decodes no pixels.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The geometry and timing that a file's header declares.

    Attributes
    ----------
    sizes : tuple of tuple of int
        Width and height of the canvas, or of each page.
    delays : tuple of float
        Milliseconds of each frame; empty if the file is not an animation.
    loop : int, optional
        How often the animation is played, 0 for ever; None if the file is not an animation.
    """

    sizes: tuple[Size, ...]
    delays: tuple[float, ...] = ()
    loop: int | None = None


def read_header(data: bytes, format_name: str) -> Header | None:
    """The header of a file of a known format; None if this module has no reader for the format.

    Raises
    ------
    ValueError
        If the header is damaged.
    """
    reader = _READERS.get(format_name)
    try:
        return reader(data) if reader else None
    except (struct.error, IndexError) as error:
        raise ValueError("cannot be decoded: its header is damaged") from error


def _png(data: bytes) -> Header:
    size = struct.unpack_from(">II", data, 16)
    offset, animated, before_data, loop = 8, False, True, 0
    delays: list[float] = []
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        start = offset + 8
        if kind == b"acTL" and length == 8 and before_data:
            animated = int.from_bytes(data[start : start + 4], "big") > 0
            loop = int.from_bytes(data[start + 4 : start + 8], "big")
        elif kind == b"fcTL" and length == 26:
            numerator, denominator = struct.unpack_from(">HH", data, start + 20)
            delays.append(1000 * numerator / (denominator or 100))
        elif kind == b"IDAT":
            before_data = False
        elif kind == b"IEND":
            break
        offset = start + length + 4
    if not (animated and delays):
        return Header(sizes=(size,))
    return Header(sizes=(size,), delays=tuple(delays), loop=loop)


def _gif(data: bytes) -> Header:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    offset = 13 + _gif_table_size(flags)
    delay, loop = 0, 1
    delays: list[float] = []
    while offset < len(data) and data[offset] != 0x3B:
        if data[offset] == 0x2C:
            left, top, w, h, flags = struct.unpack_from("<HHHHB", data, offset + 1)
            if not delays:
                width, height = max(width, left + w), max(height, top + h)
            delays.append(10 * delay)
            delay = 0
            offset = _after_sub_blocks(data, offset + 11 + _gif_table_size(flags))
        elif data[offset] == 0x21:
            if data[offset + 1] == 0xF9 and data[offset + 2] >= 4:
                (delay,) = struct.unpack_from("<H", data, offset + 4)
            elif data[offset + 1 : offset + 16] in _GIF_LOOP_EXTENSIONS:
                (repeats,) = struct.unpack_from("<H", data, offset + 16)
                loop = repeats + 1 if repeats else 0
            offset = _after_sub_blocks(data, offset + 2)
        else:
            offset += 1
    return Header(sizes=((width, height),), delays=tuple(delays), loop=loop)


_GIF_LOOP_EXTENSIONS = {b"\xff\x0b" + name + b"\x03\x01" for name in (b"NETSCAPE2.0", b"ANIMEXTS1.0")}


def _gif_table_size(flags: int) -> int:
    return 6 << (flags & 7) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, offset: int) -> int:
    while offset < len(data) and (length := data[offset]):
        offset += 1 + length
    return offset + 1


def _webp(data: bytes) -> Header:
    size, loop = (0, 0), 0
    delays: list[float] = []
    offset, end = 12, 8 + int.from_bytes(data[4:8], "little")
    while offset + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, offset)
        start = offset + 8
        if kind == b"VP8X":
            size = (1 + _uint24(data, start + 4), 1 + _uint24(data, start + 7))
        elif kind == b"ANIM":
            (loop,) = struct.unpack_from("<H", data, start + 4)
        elif kind == b"ANMF":
            delays.append(float(_uint24(data, start + 12)))
        elif kind == b"VP8L" and size == (0, 0):
            (bits,) = struct.unpack_from("<I", data, start + 1)
            size = (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif kind == b"VP8 " and size == (0, 0):
            width, height = struct.unpack_from("<HH", data, start + 6)
            size = (width & 0x3FFF, height & 0x3FFF)
        offset = start + length + length % 2
    if not delays:
        return Header(sizes=(size,))
    return Header(sizes=(size,), delays=tuple(delays), loop=loop)


def _uint24(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 3], "little")


def _tiff(data: bytes) -> Header:
    order = "<" if data[:1] == b"I" else ">"
    is_big = 43 in data[2:4]
    count, entry_size, link = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    (offset,) = struct.unpack_from(order + link, data, 8 if is_big else 4)
    sizes: dict[int, Size] = {}
    while offset and offset not in sizes:
        (tags,) = struct.unpack_from(order + count, data, offset)
        start = offset + struct.calcsize(order + count)
        found = {256: 0, 257: 0}
        for entry_offset in range(start, start + entry_size * tags, entry_size):
            number, kind = struct.unpack_from(order + "HH", data, entry_offset)
            if number in found:
                letter = {3: "H", 4: "I", 16: "Q"}.get(kind, "B")
                value_offset = entry_offset + entry_size - (8 if is_big else 4)
                (found[number],) = struct.unpack_from(order + letter, data, value_offset)
        sizes[offset] = (found[256], found[257])
        (offset,) = struct.unpack_from(order + link, data, start + entry_size * tags)
    return Header(sizes=tuple(sizes.values()))


def _bmp(data: bytes) -> Header:
    has_core_header = int.from_bytes(data[14:18], "little") == 12
    width, height = struct.unpack_from("<HH" if has_core_header else "<ii", data, 18)
    return Header(sizes=((width, abs(height)),))


def _ppm(data: bytes) -> Header | None:
    whitespace = rb"(?:\s|#[^\n\r]*[\n\r])+"
    numbers = re.match(rb"P[1-6]" + whitespace + rb"(\d{1,10})" + whitespace + rb"(\d{1,10})", data)
    # Pillow uses the same name for rarer Netpbm formats.
    return Header(sizes=((int(numbers[1]), int(numbers[2])),)) if numbers else None


def _jpeg(data: bytes) -> Header:
    for marker, start in _jpeg_segments(data):
        # Every start of frame (SOF); the three numbers between them are tables and the like.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 3)
            return Header(sizes=((width, height),))
    raise IndexError


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment, and the offset of its length."""
    offset = 2
    while True:
        while data[offset] != 0xFF or data[offset + 1] in (0, 0xFF):
            offset += 1
        yield data[offset + 1], offset + 2
        offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]


def _fixed_fields(offset: int, fields: str, *, height_first: bool = False) -> Callable[[bytes], Header]:
    """A reader for a format whose width and height have fixed offsets."""

    def read(data: bytes) -> Header:
        first, second = struct.unpack_from(fields, data, offset)
        return Header(sizes=((second, first) if height_first else (first, second),))

    return read


_READERS: dict[str, Callable[[bytes], Header | None]] = {
    "PNG": _png,
    "GIF": _gif,
    "WebP": _webp,
    "TIFF": _tiff,
    "BMP": _bmp,
    "PPM": _ppm,
    "JPEG": _jpeg,
    "MPO": _jpeg,
    "TGA": _fixed_fields(12, "<HH"),
    "QOI": _fixed_fields(4, ">II"),
    "PSD": _fixed_fields(14, ">II", height_first=True),
    "DDS": _fixed_fields(12, "<II", height_first=True),
}
