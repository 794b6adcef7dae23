"""Photoshop's color swatches, ``.aco``: version 1, followed by version 2, the same colours with names.

Specified in Adobe's "Photoshop File Formats Specification", under "Color Swatches". Some programs write Lab
colours in another way: b*, a* and L*, in this order, under D65 and each over the full range of 16 bits. L* of
the specification is at most 10 000, so a larger number in its place shows that a file is one of these.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import bytes_at, fields_at
from kquant_hooks.palettes.spaces import from_cmyk, from_hsb, from_lab, from_unit
from kquant_hooks.palettes.swatch import Swatch

_HEAD_SIZE, _COLOR = 4, 10
_FULL_LEVEL, _ZERO_LEVEL = 0xFFFF, 0x8000
_LAB, _MAX_LIGHTNESS = 7, 10_000
# Lengths of color tables, which may start with the same bytes; swatches of such a length have a second part.
_TABLE_LENGTHS = (768, 772)


def matches(data: bytes) -> bool:
    """Whether the bytes are Photoshop swatches."""
    if data[:2] not in (b"\0\1", b"\0\2"):
        return False
    if len(data) not in _TABLE_LENGTHS:
        return True
    second = _HEAD_SIZE + _COLOR * int.from_bytes(data[2:4])
    return data[second : second + _HEAD_SIZE] == b"\0\2" + data[2:4]


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    version, count = fields_at(data, 0, ">HH")
    start = _HEAD_SIZE
    named = version == 2
    second = _HEAD_SIZE + _COLOR * count
    if not named and data[second : second + 2] == b"\0\2":
        named, start = True, second + _HEAD_SIZE
    colors: list[tuple[int, list[int], str]] = []
    for _ in range(count):
        place, parts = start, list(fields_at(data, start, ">5H"))
        start += _COLOR
        name = ""
        if named:
            (length,) = fields_at(data, start, ">I")
            name = bytes_at(data, start + 4, 2 * length).decode("utf-16-be", "replace").partition("\0")[0]
            start += 4 + 2 * length
        colors.append((place, parts, name))
    has_scaled_lab = any(parts[0] == _LAB and parts[1] > _MAX_LIGHTNESS for _, parts, _ in colors)
    for place, parts, name in colors:
        is_scaled = has_scaled_lab and parts[0] == _LAB
        yield Swatch(_from_scaled_lab(*parts[1:4]) if is_scaled else _levels(place, *parts), name)


def _from_scaled_lab(b: int, a: int, lightness: int) -> tuple[int, ...]:
    signed = [(part - _ZERO_LEVEL) / 257 for part in (a, b)]
    return from_lab(100 * lightness / _FULL_LEVEL, *signed, under_d65=True)


def _levels(place: int, space: int, first: int, second: int, third: int, fourth: int) -> tuple[int, ...]:
    match space:
        case 0:
            # Exact for programs that repeat the byte and for those that write 0 after it.
            return first >> 8, second >> 8, third >> 8
        case 1:
            return from_hsb(first / _FULL_LEVEL, second / _FULL_LEVEL, third / _FULL_LEVEL)
        case 2:
            # 0 is full ink.
            return from_cmyk(*(1 - ink / _FULL_LEVEL for ink in (first, second, third, fourth)))
        case 7:
            a, b = (level - 0x10000 if level & 0x8000 else level for level in (second, third))
            return from_lab(first / 100, a / 100, b / 100)
        case 8:
            return from_unit(*3 * (first / 10000,))
    raise ValueError(
        f"byte {place}: expected RGB (0), HSB (1), CMYK (2), Lab (7) or grey (8), got space {space}"
    )


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of opaque colours, in both versions."""
    colors = [struct.pack(">5H", 0, *(257 * level for level in levels[:3]), 0) for levels, _ in swatches]
    names = [f"{name}\0".encode("utf-16-be") for _, name in swatches]
    named = (
        color + struct.pack(">I", len(name) // 2) + name for color, name in zip(colors, names, strict=True)
    )
    first, second = (struct.pack(">HH", version, len(swatches)) for version in (1, 2))
    return b"".join([first, *colors, second, *named])
