"""The palettes that a configuration has, or names: files of its own repository alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from kquant_hooks.config.reading import ConfigError, refuse, shown
from kquant_hooks.disk.reading import OutsideError
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS, hex_colors_in

Load = Callable[[str], Palette]

_PALETTE = "a palette file, a list of hex colours such as ['#ff8000'], or null"
# Longer ones no system opens, and resolving them takes long.
_LONGEST_NAME = 4096


def home_of(folder: Path) -> Path:
    """What the configuration of a folder speaks for: the repository that it is in, or that folder."""
    full = Path(os.path.abspath(folder))  # noqa: PTH100  as ``nearest`` goes up, not where links lead
    return next((above for above in (full, *full.parents) if os.path.lexists(above / ".git")), full)


def loader(folder: Path, home: Path) -> Load:
    """A function that loads palette files by their names from a folder on, each once.

    Who wrote the configuration need have no right to read anything but what lies in its home.
    """

    @cache
    def load(name: str) -> Palette:
        try:
            return Palette.load(folder / name, within=home)
        except OutsideError:
            raise ValueError(
                f"{shown(name)} is outside of {home}; copy the file into it, or give it as a flag"
            ) from None

    return load


def palette_at(place: str, value: object, load: Load) -> Palette:
    """The palette that a value is, or that it names."""
    if isinstance(value, str):
        value = hex_colors_in(value) or value
    if isinstance(value, str) and len(value) <= _LONGEST_NAME:
        try:
            return load(value)
        except OSError as error:
            refuse(place, _PALETTE, value, f": {error.strerror or error}")
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    if not isinstance(value, list):
        refuse(place, _PALETTE, value)
    if len(value) > MAX_COLORS:
        raise ConfigError(f"{place}: a palette has 1..{MAX_COLORS} colours, got {len(value)}")
    for index, color in enumerate(value):
        try:
            Palette([color if isinstance(color, str) else ""])
        except ValueError:
            quotes = "" if isinstance(color, str) else "; it needs quotes"
            refuse(f"{place}[{index}]", "a hex colour such as '#ff8000'", color, quotes)
    try:
        return Palette(value)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None
