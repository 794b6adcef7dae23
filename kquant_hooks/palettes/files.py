"""Palette files: the one list of formats, recognized by content when read and by ending when written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kquant_hooks.atomic import replace_bytes
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

    name: str
    endings: tuple[str, ...]
    names: bool
    alpha: str
    begins: Callable[[bytes], bool] | None
    read: Callable[[bytes], Iterator[Swatch]] | None
    write: Callable[[Sequence[Swatch], str], bytes] | None


# In the order in which content is looked at.
FORMATS = (
    Format("GIMP", (".gpl",), True, "", gimp.begins, gimp.read, gimp.write),
    Format("Lospec hex", (".hex",), False, "yes", lospec.begins, lospec.read, lospec.write),
    Format("JASC (Paint Shop Pro)", (".pal",), False, "", jasc.begins, jasc.read, jasc.write),
    Format("RIFF (Microsoft)", (".pal",), False, "", riff.begins, riff.read, None),
    Format("Photoshop swatches", (".aco",), True, "", aco.begins, aco.read, aco.write),
    Format("Photoshop color table", (".act",), False, "one clear colour", act.begins, act.read, act.write),
    Format("Adobe Swatch Exchange", (".ase",), True, "", adobe.begins, adobe.read, adobe.write),
    Format("Aseprite", (".aseprite", ".ase"), True, "yes", aseprite.begins, aseprite.read, None),
    Format("Paint.NET", (".txt",), False, "yes", paintnet.begins, paintnet.read, paintnet.write),
    Format("JSON", (".json",), True, "yes", jsonic.begins, jsonic.read, jsonic.write),
    Format("PNG strip", (".png",), False, "yes", strip.begins, strip.read, strip.write),
    Format("CSS", (".css",), True, "yes", None, None, css.write),
)
# Of each ending, the format that is written under it.
WRITTEN = {ending: entry for entry in FORMATS if entry.write for ending in entry.endings}


def read(path: str | os.PathLike[str]) -> list[Swatch]:
    """The colours of a palette file, 1 to 256; see ``Palette.load``."""
    path = Path(path)
    data = _bytes_of(path)
    try:
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


def format_for(path: str | os.PathLike[str]) -> Format:
    """The format that is written under a name; ValueError where its ending says none."""
    path = Path(path)
    if path.suffix.lower() in WRITTEN:
        return WRITTEN[path.suffix.lower()]
    endings = ", ".join(WRITTEN)
    raise ValueError(f"{path}: {path.suffix!r} is no ending of a palette file; expected one of {endings}")


def write(path: str | os.PathLike[str], swatches: Sequence[Swatch]) -> None:
    """Write a palette file, whole or not at all; see ``Palette.save``."""
    path = Path(path)
    chosen = format_for(path)
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
            others = ", ".join(ending for ending, entry in WRITTEN.items() if entry.alpha == "yes")
            raise ValueError(
                f"its format has no alpha, and colour {number} is {to_hex(levels)}; save it as {others}"
            )


def _bytes_of(path: Path) -> bytes:
    """The file's bytes, and no more than tell that it is too long."""
    if path.exists() and not path.is_file():
        # Reading a pipe may never end.
        raise OSError(errno.EINVAL, "Is a directory" if path.is_dir() else "Not a regular file", str(path))
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)
