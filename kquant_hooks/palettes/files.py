"""Palette files: the one list of formats, known by content when read and by extension when written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    json_,
    lospec,
    paintnet,
    png,
    riff,
)
from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch, to_hex

_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Format:
    """A format of palette files.

    Attributes
    ----------
    key : str
        What ``Palette.save`` calls it.
    name : str
    extensions : tuple of str
        The extensions of such files.
    names : bool
        Whether it can hold names of colours.
    alpha : str
        The kind of alpha that it can hold, in words; empty if none.
    matches : callable, optional
        Whether a file's bytes are in this format; None: it is only written.
    read : callable, optional
        The colours in a file's bytes; raises ValueError if these are damaged. None: it is only written.
    write : callable, optional
        The bytes of a file with these colours and this title; None: it is only read.
    """

    key: str
    name: str
    extensions: tuple[str, ...]
    names: bool
    alpha: str
    matches: Callable[[bytes], bool] | None
    read: Callable[[bytes], Iterator[Swatch]] | None
    write: Callable[[Sequence[Swatch], str], bytes] | None


# In the order in which content is matched. A user may name a file by mistake, or one that somebody else must
# not see, so only formats that the first bytes prove quote a file's content in messages.
FORMATS = (
    Format(
        key="gpl",
        name="GIMP",
        extensions=(".gpl",),
        names=True,
        alpha="",
        matches=gimp.matches,
        read=gimp.read,
        write=gimp.write,
    ),
    Format(
        key="hex",
        name="Lospec hex",
        extensions=(".hex",),
        names=False,
        alpha="yes",
        matches=lospec.matches,
        read=lospec.read,
        write=lospec.write,
    ),
    Format(
        key="jasc",
        name="JASC (Paint Shop Pro)",
        extensions=(".pal",),
        names=False,
        alpha="",
        matches=jasc.matches,
        read=jasc.read,
        write=jasc.write,
    ),
    Format(
        key="riff",
        name="RIFF (Microsoft)",
        extensions=(".pal",),
        names=False,
        alpha="",
        matches=riff.matches,
        read=riff.read,
        write=riff.write,
    ),
    Format(
        key="aco",
        name="Photoshop swatches",
        extensions=(".aco",),
        names=True,
        alpha="",
        matches=aco.matches,
        read=aco.read,
        write=aco.write,
    ),
    Format(
        key="act",
        name="Photoshop color table",
        extensions=(".act",),
        names=False,
        alpha="one transparent colour",
        matches=act.matches,
        read=act.read,
        write=act.write,
    ),
    Format(
        key="ase",
        name="Adobe Swatch Exchange",
        extensions=(".ase",),
        names=True,
        alpha="",
        matches=adobe.matches,
        read=adobe.read,
        write=adobe.write,
    ),
    Format(
        key="aseprite",
        name="Aseprite",
        extensions=(".aseprite", ".ase"),
        names=True,
        alpha="yes",
        matches=aseprite.matches,
        read=aseprite.read,
        write=None,
    ),
    Format(
        key="txt",
        name="Paint.NET",
        extensions=(".txt",),
        names=False,
        alpha="yes",
        matches=paintnet.matches,
        read=paintnet.read,
        write=paintnet.write,
    ),
    Format(
        key="json",
        name="JSON",
        extensions=(".json",),
        names=True,
        alpha="yes",
        matches=json_.matches,
        read=json_.read,
        write=json_.write,
    ),
    Format(
        key="png",
        name="PNG image",
        extensions=(".png",),
        names=False,
        alpha="yes",
        matches=png.matches,
        read=png.read,
        write=png.write,
    ),
    Format(
        key="css",
        name="CSS",
        extensions=(".css",),
        names=True,
        alpha="yes",
        matches=None,
        read=None,
        write=css.write,
    ),
)
WRITABLE_FORMATS = {entry.key: entry for entry in FORMATS if entry.write}
# The format that is written with each extension: the first one that has it.
FORMAT_OF_EXTENSION = {
    extension: entry for entry in reversed(WRITABLE_FORMATS.values()) for extension in entry.extensions
}


def read(path: str | os.PathLike[str], within: str | os.PathLike[str] | None = None) -> list[Swatch]:
    """The colours of a palette file, 1 to 256; see ``Palette.load``."""
    path = Path(path)
    data = read_regular(path, _MAX_BYTES, None if within is None else Path(within))
    try:
        if not data:
            raise ValueError("it is empty")
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES} bytes, the limit for palette files")
        found = next((entry.read for entry in FORMATS if entry.matches and entry.matches(data)), None)
        if found is None:
            known = ", ".join(entry.name for entry in FORMATS if entry.read)
            raise ValueError(f"its content is not a palette in a known format; expected one of {known}")
        return _limited(found(data))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _limited(swatches: Iterator[Swatch]) -> list[Swatch]:
    """All of the swatches or, of too many, the first of each colour: grids of swatches repeat them."""
    found: list[Swatch] = []
    distinct: dict[tuple[int, ...], Swatch] = {}
    count = 0
    for count, swatch in enumerate(swatches, 1):
        if count <= MAX_COLORS:
            found.append(swatch)
        if len(distinct) <= MAX_COLORS:
            distinct.setdefault(swatch.levels, swatch)
    if count > MAX_COLORS:
        found = list(distinct.values())
    if not 1 <= len(found) <= MAX_COLORS:
        raise ValueError(f"a palette has 1..{MAX_COLORS} colours, got {count}")
    return found


def format_for(path: str | os.PathLike[str], format_name: str | None = None) -> Format:
    """The writable format with this name, or with the extension of a path; ValueError if there is none."""
    path = Path(path)
    if format_name is not None:
        if format_name in WRITABLE_FORMATS:
            return WRITABLE_FORMATS[format_name]
        raise ValueError(f"format={format_name!r}: expected one of {', '.join(WRITABLE_FORMATS)}")
    if path.suffix.lower() in FORMAT_OF_EXTENSION:
        return FORMAT_OF_EXTENSION[path.suffix.lower()]
    extensions = ", ".join(reversed(FORMAT_OF_EXTENSION))
    raise ValueError(
        f"{path}: {path.suffix!r} is not an extension of palette files; expected one of {extensions}"
    )


def write(path: str | os.PathLike[str], swatches: Sequence[Swatch], format_name: str | None) -> None:
    """Write a palette file, completely or not at all; see ``Palette.save``."""
    path = Path(path)
    chosen = format_for(path, format_name)
    assert chosen.write is not None
    try:
        if not chosen.alpha:
            _check_opaque(swatches)
        # A file name may have characters that cannot be printed.
        data = chosen.write(swatches, "".join(char if char.isprintable() else "?" for char in path.stem))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    replace_bytes(path, data)


def _check_opaque(swatches: Sequence[Swatch]) -> None:
    for number, (levels, _) in enumerate(swatches, 1):
        if len(levels) == 4 and levels[3] < 255:
            others = ", ".join(
                extension
                for extension, entry in reversed(FORMAT_OF_EXTENSION.items())
                if entry.alpha == "yes"
            )
            raise ValueError(
                f"its format cannot hold alpha, and colour {number} is {to_hex(levels)}; save it as {others}"
            )
