"""Palette files as other programs write them, made by hand from the descriptions of their formats."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple


class Example(NamedTuple):
    """A file's bytes, its colours and their names."""

    data: bytes
    colors: list[str]
    names: list[str] | None = None


def utf16(text: str) -> bytes:
    return (text + "\0").encode("utf-16-be")


def block(kind: int, body: bytes) -> bytes:
    """A block of Adobe's .ase."""
    return struct.pack(">HI", kind, len(body)) + body


def swatch(name: str, model: bytes, *values: float) -> bytes:
    """A colour of Adobe's .ase."""
    text = struct.pack(">H", len(name) + 1) + utf16(name)
    return block(1, text + model + struct.pack(f">{len(values)}fH", *values, 2))


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(depth: int, color_type: int, width: int, rows: list[bytes], *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), depth, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", pixels),
            png_chunk(b"IEND", b""),
        ]
    )


def chunk(kind: int, body: bytes) -> bytes:
    """A chunk of an Aseprite document."""
    return struct.pack("<IH", len(body) + 6, kind) + body


def aseprite(*chunks: bytes) -> bytes:
    """An Aseprite document of one frame."""
    body = b"".join(chunks)
    frame = struct.pack("<IHHH2xI", len(body) + 16, 0xF1FA, len(chunks), 100, 0) + body
    return struct.pack("<IHHHHH", len(frame) + 128, 0xA5E0, 1, 1, 1, 8).ljust(128, b"\0") + frame


ASEPRITE_ENTRIES = (
    struct.pack("<III8x", 2, 0, 1)
    + struct.pack("<H4BH3s", 1, 0x1A, 0x1C, 0x2C, 255, 3, b"ink")
    + struct.pack("<H4B", 0, 0xFF, 0x80, 0x00, 0x80)
)
ACO_COLORS = [
    (0, 0xFFFF, 0x8080, 0, 0),
    (0, 0xFF00, 0x8000, 0, 0),
    (1, 0x5555, 0xFFFF, 0xFFFF, 0),
    (2, 0xFFFF, 0, 0xFFFF, 0xFFFF),
    (7, 5000, 0, 0, 0),
    (7, 10000, 0, 0, 0),
    (8, 10000, 0, 0, 0),
]
ACO_NAMES = ["Orange", "Größe", "Lime", "Magenta", "Grey", "White \U0001f3a8", ""]
ACO_HEXES = ["#ff8000", "#ff8000", "#00ff00", "#ff00ff", "#777777", "#ffffff", "#ffffff"]
ACO_1 = struct.pack(">HH", 1, 7) + b"".join(struct.pack(">5H", *color) for color in ACO_COLORS)
ACO_2 = struct.pack(">HH", 2, 7) + b"".join(
    struct.pack(">5HI", *color, len(utf16(name)) // 2) + utf16(name)
    for color, name in zip(ACO_COLORS, ACO_NAMES, strict=True)
)
TABLE = (b"\0\1\7\xff\x80\0" + bytes(range(30))).ljust(768, b"\0")

EXAMPLES = {
    "GIMP": Example(
        b"GIMP Palette\nName: Mine\nColumns: 2\n# by someone\n#\n"
        b"255 128   0\tOrange peel\n 26  28  44\tUntitled\n\n# more\n  0   0   0\n",
        ["#ff8000", "#1a1c2c", "#000000"],
        ["Orange peel", "", ""],
    ),
    "GIMP of old, in Latin-1, with CRLF": Example(
        b"GIMP Palette\r\n1 2 3 Gr\xf6\xdfe\r\n255 255 255 12 monkeys\r\n",
        ["#010203", "#ffffff"],
        ["Größe", "12 monkeys"],
    ),
    "GIMP with a mark": Example("\ufeffGIMP Palette\n#\n1 2 3 Größe".encode(), ["#010203"], ["Größe"]),
    "Aseprite's GIMP": Example(
        b"GIMP Palette\nChannels: RGBA\n#\n255 128   0 128\tGlass\n  1   2   3 255\tUntitled\n",
        ["#ff800080", "#010203ff"],
        ["Glass", ""],
    ),
    "Lospec": Example(b"1a1c2c\r\n5d275d\r\n\r\nB13E53\r\n", ["#1a1c2c", "#5d275d", "#b13e53"]),
    "Lospec with marks": Example(b"\n#1a1c2c\n#5d275d80", ["#1a1c2cff", "#5d275d80"]),
    "JASC": Example(
        b"JASC-PAL\r\n0100\r\n3\r\n255 128 0\r\n1 2 3\r\n0 0 0\r\n", ["#ff8000", "#010203", "#000000"]
    ),
    "Aseprite's JASC": Example(b"JASC-PAL\n0100\n2\n255 128 0 0\n1 2 3 255\n", ["#ff800000", "#010203ff"]),
    "RIFF": Example(
        b"RIFF\x1c\0\0\0PAL data\x0c\0\0\0\x00\x03\x02\0\xff\x80\0\0\x01\x02\x03\x04", ["#ff8000", "#010203"]
    ),
    "RIFF with another chunk": Example(
        b"RIFF\x26\0\0\0PAL plth\x01\0\0\0?\0data\x08\0\0\0\x00\x03\x01\0\xff\x80\0\0", ["#ff8000"]
    ),
    "color table": Example(
        TABLE,
        ["#" + TABLE[place : place + 3].hex() for place in range(0, 768, 3)],
    ),
    "color table of few": Example(TABLE + b"\0\2\xff\xff", ["#000107", "#ff8000"]),
    "color table, transparent": Example(TABLE + b"\0\2\0\1", ["#000107ff", "#ff800000"]),
    "swatches": Example(ACO_1, ACO_HEXES),
    "named swatches": Example(ACO_1 + ACO_2, ACO_HEXES, ACO_NAMES),
    "named swatches alone": Example(ACO_2, ACO_HEXES, ACO_NAMES),
    "Adobe": Example(
        b"ASEF\0\1\0\0\0\0\0\7"
        + block(0xC001, struct.pack(">H", 6) + utf16("Brand"))
        + swatch("Orange", b"RGB ", 1, 0.501961, 0)
        + swatch("", b"CMYK", 0, 1, 0, 0)
        + swatch("Größe", b"Gray", 0.2)
        + block(0xC002, b"")
        + swatch("Sky", b"LAB ", 0.5, 0, 0)
        + swatch("Sea", b"LAB ", 0.295676, 68.2986, -112.0294),
        ["#ff8000", "#ff00ff", "#333333", "#777777", "#0000ff"],
        ["Orange", "", "Größe", "Sky", "Sea"],
    ),
    "Aseprite": Example(
        aseprite(chunk(0x2007, bytes(16)), chunk(0x2019, ASEPRITE_ENTRIES), chunk(0x0004, b"\1\0\0\1\1\2\3")),
        ["#1a1c2cff", "#ff800080"],
        ["ink", ""],
    ),
    "Aseprite of old": Example(
        aseprite(chunk(0x0004, b"\2\0\0\1\1\2\3\1\1\xff\x80\0")), ["#010203", "#ff8000"]
    ),
    "Aseprite of old, 256": Example(aseprite(chunk(0x0004, b"\1\0\0\0" + bytes(768))), ["#000000"] * 256),
    "Aseprite's ancestor": Example(aseprite(chunk(0x0011, b"\1\0\0\1\x3f\x20\0")), ["#ff8200"]),
    "Paint.NET": Example(
        b"; paint.net Palette File\r\n; Lines that start with a semicolon are comments\r\n"
        b"FFFF8000\r\n80010203 ; glass\r\n1a1c2c\r\n",
        ["#ff8000ff", "#01020380", "#1a1c2cff"],
    ),
    "JSON": Example(b'["#1a1c2c", "f80", "5d275d"]', ["#1a1c2c", "#ff8800", "#5d275d"]),
    "Lospec's JSON": Example(
        b'{"name":"SLSO8","author":"Luis Miguel Maldonado","colors":["0d2b45","203c56"]}',
        ["#0d2b45", "#203c56"],
    ),
    "Coolors' JSON": Example(
        b'[{"name":"Ink Black","hex":"001219","rgb":[0,18,25],"lab":[5,-3,-8]},'
        b'{"name":"Rust","hex":"bb3e03"}]',
        ["#001219", "#bb3e03"],
        ["Ink Black", "Rust"],
    ),
    "Coolors' other JSON": Example(
        b'{"Ink Black":"001219","Rust":"bb3e03"}', ["#001219", "#bb3e03"], ["Ink Black", "Rust"]
    ),
    "JSON of objects": Example(
        b'{"colors": [{"color": "#ff800080", "name": "Glass"}, {"value": "#000", "name": null}]}',
        ["#ff800080", "#000000ff"],
        ["Glass", ""],
    ),
    "strip": Example(
        png(8, 2, 2, [b"\xff\x80\0\1\2\3", b"\xff\x80\0\0\0\0"]), ["#ff8000", "#010203", "#000000"]
    ),
    "translucent strip": Example(png(8, 6, 2, [b"\xff\x80\0\x80\1\2\3\xff"]), ["#ff800080", "#010203ff"]),
    "grey strip": Example(png(2, 0, 4, [b"\x1b"]), ["#000000", "#555555", "#aaaaaa", "#ffffff"]),
    "indexed strip": Example(
        png(1, 3, 2, [b"\x40"], png_chunk(b"PLTE", b"\1\2\3\xff\x80\0\1\2\3"), png_chunk(b"tRNS", b"\xff\0")),
        ["#010203ff", "#ff800000", "#010203ff"],
    ),
}
