"""The palettes of a configuration: lists of colours, or files in its own repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from kquant_hooks.config.reading import ConfigError, refuse, shown
from kquant_hooks.disk.reading import OutsideError
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS, hex_colors_in

LoadPalette = Callable[[str], Palette]

_EXPECTED = "a palette file, a list of hex colours such as ['#ff8000'], or null"
# No system opens longer names, and resolving them is slow.
_MAX_NAME_LENGTH = 4096


def repository_of(folder: Path) -> Path:
    """The root of the repository that a folder is in; without one, the folder itself."""
    full = Path(os.path.abspath(folder))  # noqa: PTH100  as ``nearest_config`` does, without resolving links
    return next((above for above in (full, *full.parents) if os.path.lexists(above / ".git")), full)


def palette_loader(folder: Path, root: Path) -> LoadPalette:
    """A function that loads palette files by their names relative to a folder, each once.

    Files outside ``root`` are refused: the author of the configuration may have no right to read them.
    """

    @cache
    def load(name: str) -> Palette:
        try:
            return Palette.load(folder / name, within=root)
        except OutsideError:
            raise ValueError(
                f"{shown(name)} is outside of {root}; copy the file into it, or use a flag"
            ) from None

    return load


def palette_at(place: str, value: object, load: LoadPalette) -> Palette:
    """The palette that a value lists or names."""
    if isinstance(value, str):
        value = hex_colors_in(value) or value
    if isinstance(value, str) and len(value) <= _MAX_NAME_LENGTH:
        try:
            return load(value)
        except OSError as error:
            refuse(place, _EXPECTED, value, f": {error.strerror or error}")
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    if not isinstance(value, list):
        refuse(place, _EXPECTED, value)
    if len(value) > MAX_COLORS:
        raise ConfigError(f"{place}: a palette has 1..{MAX_COLORS} colours, got {len(value)}")
    for index, color in enumerate(value):
        try:
            Palette([color if isinstance(color, str) else ""])
        except ValueError:
            quotes = "" if isinstance(color, str) else "; put it in quotes"
            refuse(f"{place}[{index}]", "a hex colour such as '#ff8000'", color, quotes)
    try:
        return Palette(value)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None
