"""What a file's own header says of its canvas and its timing.

A second reader, which shares no code with those that take files apart, so that a misunderstanding of one of
these does not repeat itself here. It decodes nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's header says.

    Attributes
    ----------
    sizes : tuple of tuple of int
        Width and height of the canvas, or of each page.
    delays : tuple of float
        Milliseconds of each frame of an animation; empty where the file is none.
    loop : int, optional
        How often an animation is played, 0 for ever; None where the file is none.
    """

    sizes: tuple[Size, ...]
    delays: tuple[float, ...] = ()
    loop: int | None = None


def read_header(data: bytes, format_name: str) -> Header | None:
    """The header of a file of a known format; None for one that has no second reader here.

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
    place, animated, before_pixels, loop = 8, False, True, 0
    delays: list[float] = []
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if kind == b"acTL" and length == 8 and before_pixels:
            animated = int.from_bytes(data[start : start + 4], "big") > 0
            loop = int.from_bytes(data[start + 4 : start + 8], "big")
        elif kind == b"fcTL" and length == 26:
            numerator, denominator = struct.unpack_from(">HH", data, start + 20)
            delays.append(1000 * numerator / (denominator or 100))
        elif kind == b"IDAT":
            before_pixels = False
        elif kind == b"IEND":
            break
        place = start + length + 4
    return Header((size,), tuple(delays), loop) if animated and delays else Header((size,))


def _gif(data: bytes) -> Header:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    place = 13 + _gif_table(flags)
    delay, loop = 0, 1
    delays: list[float] = []
    while place < len(data) and data[place] != 0x3B:
        if data[place] == 0x2C:
            left, top, w, h, flags = struct.unpack_from("<HHHHB", data, place + 1)
            if not delays:
                width, height = max(width, left + w), max(height, top + h)
            delays.append(10 * delay)
            delay = 0
            place = _after_blocks(data, place + 11 + _gif_table(flags))
        elif data[place] == 0x21:
            if data[place + 1] == 0xF9 and data[place + 2] >= 4:
                (delay,) = struct.unpack_from("<H", data, place + 4)
            elif data[place + 1 : place + 16] in _GIF_LOOPS:
                (repeats,) = struct.unpack_from("<H", data, place + 16)
                loop = repeats + 1 if repeats else 0
            place = _after_blocks(data, place + 2)
        else:
            place += 1
    return Header(((width, height),), tuple(delays), loop)


_GIF_LOOPS = {b"\xff\x0b" + name + b"\x03\x01" for name in (b"NETSCAPE2.0", b"ANIMEXTS1.0")}


def _gif_table(flags: int) -> int:
    return 6 << (flags & 7) if flags & 0x80 else 0


def _after_blocks(data: bytes, place: int) -> int:
    while place < len(data) and (length := data[place]):
        place += 1 + length
    return place + 1


def _webp(data: bytes) -> Header:
    size, loop = (0, 0), 0
    delays: list[float] = []
    place, end = 12, 8 + int.from_bytes(data[4:8], "little")
    while place + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, place)
        start = place + 8
        if kind == b"VP8X":
            size = (1 + _three(data, start + 4), 1 + _three(data, start + 7))
        elif kind == b"ANIM":
            (loop,) = struct.unpack_from("<H", data, start + 4)
        elif kind == b"ANMF":
            delays.append(float(_three(data, start + 12)))
        elif kind == b"VP8L" and size == (0, 0):
            (bits,) = struct.unpack_from("<I", data, start + 1)
            size = (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif kind == b"VP8 " and size == (0, 0):
            width, height = struct.unpack_from("<HH", data, start + 6)
            size = (width & 0x3FFF, height & 0x3FFF)
        place = start + length + length % 2
    return Header((size,), tuple(delays), loop) if delays else Header((size,))


def _three(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 3], "little")


def _tiff(data: bytes) -> Header:
    order = "<" if data[:1] == b"I" else ">"
    big = 43 in data[2:4]
    count, entry, link = ("Q", 20, "Q") if big else ("H", 12, "I")
    (place,) = struct.unpack_from(order + link, data, 8 if big else 4)
    sizes: dict[int, Size] = {}
    while place and place not in sizes:
        (tags,) = struct.unpack_from(order + count, data, place)
        start = place + struct.calcsize(order + count)
        found = {256: 0, 257: 0}
        for at in range(start, start + entry * tags, entry):
            number, kind = struct.unpack_from(order + "HH", data, at)
            if number in found:
                letter = {3: "H", 4: "I", 16: "Q"}.get(kind, "B")
                (found[number],) = struct.unpack_from(order + letter, data, at + entry - (8 if big else 4))
        sizes[place] = (found[256], found[257])
        (place,) = struct.unpack_from(order + link, data, start + entry * tags)
    return Header(tuple(sizes.values()))


def _bmp(data: bytes) -> Header:
    old = int.from_bytes(data[14:18], "little") == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return Header(((width, abs(height)),))


def _ppm(data: bytes) -> Header | None:
    gap = rb"(?:\s|#[^\n\r]*[\n\r])+"
    numbers = re.match(rb"P[1-6]" + gap + rb"(\d{1,10})" + gap + rb"(\d{1,10})", data)
    # Pillow gives the same name to rarer formats of that family.
    return Header(((int(numbers[1]), int(numbers[2])),)) if numbers else None


def _jpeg(data: bytes) -> Header:
    for marker, start in _jpeg_segments(data):
        # All beginnings of frames, but tables and the like between them.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, start + 3)
            return Header(((width, height),))
    raise IndexError


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment, and where its length stands."""
    place = 2
    while True:
        while data[place] != 0xFF or data[place + 1] in (0, 0xFF):
            place += 1
        yield data[place + 1], place + 2
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]


def _at(place: int, fields: str, *, height_first: bool = False) -> Callable[[bytes], Header]:
    """A reader of a format whose width and height have fixed places."""

    def read(data: bytes) -> Header:
        first, second = struct.unpack_from(fields, data, place)
        return Header(((second, first) if height_first else (first, second),))

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
    "TGA": _at(12, "<HH"),
    "QOI": _at(4, ">II"),
    "PSD": _at(14, ">II", height_first=True),
    "DDS": _at(12, "<II", height_first=True),
}
