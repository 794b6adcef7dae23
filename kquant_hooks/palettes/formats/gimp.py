"""GIMP's ``.gpl``, as its ``gimppalette-load.c`` reads it, with Aseprite's extension for alpha."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from kquant_hooks.palettes.swatch import Swatch
from kquant_hooks.palettes.text import first_line, levels_in, lines_of

_MAGIC = "GIMP Palette"
_WITH_ALPHA = "Channels: RGBA"
_HEADINGS = ("Name:", "Columns:", "Channels:")
# GIMP's name for colours without a name.
_UNNAMED = "Untitled"


def matches(data: bytes) -> bool:
    """Whether the bytes are a GIMP palette."""
    return first_line(data[:4096]).startswith(_MAGIC)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    channels = 3
    for number, line in islice(lines_of(data), 1, None):
        if line.startswith("#"):
            continue
        if line.startswith(_HEADINGS):
            channels = 4 if line == _WITH_ALPHA else channels
            continue
        levels = levels_in(line, channels)
        if levels is None:
            raise ValueError(f"line {number}: expected {channels} levels from 0 to 255, got {line!r:.60}")
        name = line.split(None, channels)[channels:]
        yield Swatch(levels, "" if name == [_UNNAMED] else "".join(name))


def write(swatches: Sequence[Swatch], title: str) -> bytes:
    """A file of opaque colours."""
    lines = [_MAGIC, f"Name: {title}", f"Columns: {min(len(swatches), 16)}", "#"]
    for levels, name in swatches:
        lines.append(" ".join(f"{level:3}" for level in levels[:3]) + "\t" + (name or _UNNAMED))
    return "\n".join([*lines, ""]).encode()
