"""Palette files: the one list of formats, recognized by content when read and by ending when written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kquant_hooks.disk.atomic import replace_bytes
from kquant_hooks.disk.reading import read_regular
from kquant_hooks.palettes.formats import (
    aco,
    act,
    adobe,
    aseprite,
    css,
    gimp,
    jasc,
    jsonic,
    lospec,
    paintnet,
    riff,
    strip,
)
from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch, to_hex

_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Format:
    """A format of palette files.

    Attributes
    ----------
    key : str
        What ``Palette.save`` calls it.
    name : str
    endings : tuple of str
        What names of such files end in.
    names : bool
        Whether it holds names of colours.
    alpha : str
        What it holds of alpha, in words; empty where it holds none.
    begins : callable, optional
        Whether a file's bytes are in it; None: it is only written.
    read : callable, optional
        The colours in a file's bytes; it raises ValueError where these are damaged. None as for ``begins``.
    write : callable, optional
        A file's bytes, from its colours and a title; None: it is only read.
    """

    key: str
    name: str
    endings: tuple[str, ...]
    names: bool
    alpha: str
    begins: Callable[[bytes], bool] | None
    read: Callable[[bytes], Iterator[Swatch]] | None
    write: Callable[[Sequence[Swatch], str], bytes] | None


# In the order in which content is looked at. A file may be named by mistake, or by somebody who must not read
# it: what is in it is shown only by formats whose first bytes are nobody else's.
FORMATS = (
    Format("gpl", "GIMP", (".gpl",), True, "", gimp.begins, gimp.read, gimp.write),
    Format("hex", "Lospec hex", (".hex",), False, "yes", lospec.begins, lospec.read, lospec.write),
    Format("jasc", "JASC (Paint Shop Pro)", (".pal",), False, "", jasc.begins, jasc.read, jasc.write),
    Format("riff", "RIFF (Microsoft)", (".pal",), False, "", riff.begins, riff.read, riff.write),
    Format("aco", "Photoshop swatches", (".aco",), True, "", aco.begins, aco.read, aco.write),
    Format(
        "act", "Photoshop color table", (".act",), False, "one clear colour", act.begins, act.read, act.write
    ),
    Format("ase", "Adobe Swatch Exchange", (".ase",), True, "", adobe.begins, adobe.read, adobe.write),
    Format("aseprite", "Aseprite", (".aseprite", ".ase"), True, "yes", aseprite.begins, aseprite.read, None),
    Format("txt", "Paint.NET", (".txt",), False, "yes", paintnet.begins, paintnet.read, paintnet.write),
    Format("json", "JSON", (".json",), True, "yes", jsonic.begins, jsonic.read, jsonic.write),
    Format("png", "PNG strip", (".png",), False, "yes", strip.begins, strip.read, strip.write),
    Format("css", "CSS", (".css",), True, "yes", None, None, css.write),
)
WRITTEN = {entry.key: entry for entry in FORMATS if entry.write}
# The format that is written under each ending: the first that has it.
ENDINGS = {ending: entry for entry in reversed(WRITTEN.values()) for ending in entry.endings}


def read(path: str | os.PathLike[str], within: str | os.PathLike[str] | None = None) -> list[Swatch]:
    """The colours of a palette file, 1 to 256; see ``Palette.load``."""
    path = Path(path)
    data = read_regular(path, _MOST_BYTES, None if within is None else Path(within))
    try:
        if not data:
            raise ValueError("it is empty")
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes, which is no palette")
        found = next((entry.read for entry in FORMATS if entry.begins and entry.begins(data)), None)
        if found is None:
            known = ", ".join(entry.name for entry in FORMATS if entry.read)
            raise ValueError(f"its content is no palette of a known format; expected one of {known}")
        colors = found(data)
        swatches = list(islice(colors, MAX_COLORS))
        count = len(swatches) + sum(1 for _ in colors)
        if not 1 <= count <= MAX_COLORS:
            raise ValueError(f"a palette has 1..{MAX_COLORS} colours, got {count}")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return swatches


def format_for(path: str | os.PathLike[str], form: str | None = None) -> Format:
    """The format of that key, or that is written under a name; ValueError where there is none."""
    path = Path(path)
    if form is not None:
        if form in WRITTEN:
            return WRITTEN[form]
        raise ValueError(f"format={form!r} is not one of {', '.join(WRITTEN)}")
    if path.suffix.lower() in ENDINGS:
        return ENDINGS[path.suffix.lower()]
    endings = ", ".join(reversed(ENDINGS))
    raise ValueError(f"{path}: {path.suffix!r} is no ending of a palette file; expected one of {endings}")


def write(path: str | os.PathLike[str], swatches: Sequence[Swatch], form: str | None) -> None:
    """Write a palette file, whole or not at all; see ``Palette.save``."""
    path = Path(path)
    chosen = format_for(path, form)
    assert chosen.write is not None
    try:
        if not chosen.alpha:
            _check_opaque(swatches)
        # A file's name may hold what is no text.
        data = chosen.write(swatches, "".join(char if char.isprintable() else "?" for char in path.stem))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    replace_bytes(path, data)


def _check_opaque(swatches: Sequence[Swatch]) -> None:
    for number, (levels, _) in enumerate(swatches, 1):
        if len(levels) == 4 and levels[3] < 255:
            others = ", ".join(ending for ending, entry in reversed(ENDINGS.items()) if entry.alpha == "yes")
            raise ValueError(
                f"its format has no alpha, and colour {number} is {to_hex(levels)}; save it as {others}"
            )
