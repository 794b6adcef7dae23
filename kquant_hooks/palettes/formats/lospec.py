"""Lospec's ``.hex``: one colour per line, as ``rrggbb``; see https://lospec.com/palette-list.

It has no alpha. Here a colour with alpha is ``#rrggbbaa``, as in CSS, and the ``#`` is required: without it,
eight digits could also be Paint.NET's ``aarrggbb``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.swatch import Swatch, parse_hex, to_hex
from kquant_hooks.palettes.text import first_line, lines_of

_COLOR = r"#?[0-9a-fA-F]{6}|#?[0-9a-fA-F]{8}"


def matches(data: bytes) -> bool:
    """Whether the bytes are a list of hex colours."""
    return re.fullmatch(_COLOR, first_line(data)) is not None


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    for number, line in lines_of(data):
        if not re.fullmatch(_COLOR, line):
            raise ValueError(f"line {number}: expected a colour such as ff8000")
        if len(line) == 8:
            raise ValueError(
                f"line {number}: eight digits can mean rrggbbaa or Paint.NET's aarrggbb; "
                "put '#' before the former, or a line with ';' before the latter"
            )
        yield Swatch(parse_hex(line))


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of the colours, without names."""
    lines = (to_hex(levels) if len(levels) == 4 else to_hex(levels)[1:] for levels, _ in swatches)
    return "\n".join([*lines, ""]).encode()
