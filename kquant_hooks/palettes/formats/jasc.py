"""JASC's ``.pal``, of Paint Shop Pro: a count, then R, G, B on each line.

Described at https://liero.nl/lierohack/docformats/other-jasc.html. Aseprite writes a fourth level for alpha,
which other programs do not know: it is read, but not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.swatch import Swatch
from kquant_hooks.palettes.text import first_line, levels_in, lines_of

_MAGIC, _VERSION = "JASC-PAL", "0100"


def matches(data: bytes) -> bool:
    """Whether the bytes are a JASC palette."""
    return first_line(data[:4096]) == _MAGIC


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    lines = lines_of(data)
    next(lines)
    number, version = next(lines, (2, ""))
    if version != _VERSION:
        raise ValueError(f"line {number}: expected the version {_VERSION}, got {version!r:.60}")
    number, count = next(lines, (3, ""))
    if not (count.isascii() and count.isdigit() and len(count) <= 9):
        raise ValueError(f"line {number}: expected the number of colours, got {count!r:.60}")
    found = 0
    for number, line in lines:
        words = len(line.split())
        levels = levels_in(line, words) if words in (3, 4) else None
        if levels is None:
            raise ValueError(f"line {number}: expected three levels from 0 to 255, got {line!r:.60}")
        found += 1
        yield Swatch(levels)
    if found != int(count):
        raise ValueError(f"line 3 declares {count} colours, but the file has {found}")


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of opaque colours, without names."""
    lines = (" ".join(map(str, levels[:3])) for levels, _ in swatches)
    return "\r\n".join([_MAGIC, _VERSION, str(len(swatches)), *lines, ""]).encode()
