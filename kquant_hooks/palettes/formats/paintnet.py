"""Paint.NET's ``.txt``: ``aarrggbb`` per line, comments after ``;``; https://www.getpaint.net/doc/latest/WorkingWithPalettes.html."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.swatch import Swatch, parse_hex
from kquant_hooks.palettes.text import first_line, lines_of

_COLOR = r"([0-9a-fA-F]{2})?([0-9a-fA-F]{6})"


def matches(data: bytes) -> bool:
    """Whether the bytes start with a comment, which lists of hex colours do not have."""
    return first_line(data).startswith(";")


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    for number, line in lines_of(data):
        color = line.partition(";")[0].strip()
        match = re.fullmatch(_COLOR, color)
        if match is not None:
            yield Swatch(parse_hex(match[2] + (match[1] or "ff")))
        elif color:
            raise ValueError(f"line {number}: expected a colour such as ffff8000")


def write(swatches: Sequence[Swatch], title: str) -> bytes:
    """A file of the colours, without names."""
    lines = (bytes(((*levels, 255)[3], *levels[:3])).hex().upper() for levels, _ in swatches)
    return "\n".join(["; paint.net Palette File", f"; {title}", *lines, ""]).encode()
