"""Lospec's ``.hex``: one colour per line, as ``rrggbb``; see https://lospec.com/palette-list.

It has no alpha. Here a colour with alpha is ``#rrggbbaa``, as in CSS, and the ``#`` is required: without it,
eight digits could also be Paint.NET's ``aarrggbb``. Lists that people write are read as well: three digits,
several colours per line with commas, semicolons or spaces between them, quotes, and comments after ``//``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.swatch import Swatch, parse_hex, to_hex
from kquant_hooks.palettes.text import first_line, lines_of

_COLOR = r"#?[0-9a-fA-F]{6}|#?[0-9a-fA-F]{8}|#?[0-9a-fA-F]{3}"
_BETWEEN, _COMMENT = r"[\s,;'\"]+", "//"


def matches(data: bytes) -> bool:
    """Whether the bytes are a list of hex colours."""
    if first_line(data).startswith(";"):
        # It is Paint.NET's.
        return False
    first = next((words for _, line in lines_of(data) if (words := _words(line))), [])
    return bool(first) and all(re.fullmatch(_COLOR, word) for word in first)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    for number, line in lines_of(data):
        for word in _words(line):
            if not re.fullmatch(_COLOR, word):
                raise ValueError(f"line {number}: expected a colour such as ff8000")
            if len(word) == 8:
                raise ValueError(
                    f"line {number}: eight digits can mean rrggbbaa or Paint.NET's aarrggbb; "
                    "put '#' before the former, or a line with ';' before the latter"
                )
            yield Swatch(parse_hex(word))


def _words(line: str) -> list[str]:
    """The colours of a line, without its comment."""
    return [word for word in re.split(_BETWEEN, line.partition(_COMMENT)[0]) if word]


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of the colours, without names."""
    lines = (to_hex(levels) if len(levels) == 4 else to_hex(levels)[1:] for levels, _ in swatches)
    return "\n".join([*lines, ""]).encode()
