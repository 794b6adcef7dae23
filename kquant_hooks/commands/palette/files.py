"""Palette files as commands read and write them: every error is printed as one line."""

from __future__ import annotations

from pathlib import Path

from kquant_hooks.palettes.palette import Palette
from kquant_hooks.report.printing import print_error


def load_or_complain(path: str) -> Palette | None:
    """The palette of a file; None, after an error message, if it cannot be read."""
    try:
        return Palette.load(path)
    except OSError as error:
        print_error(f"{path}: cannot be read: {error.strerror or error}")
    except ValueError as error:
        print_error(error)
    return None


def save_or_complain(palette: Palette, target: Path, format_name: str | None = None) -> bool:
    """Write a palette; False, after an error message, if that fails."""
    try:
        palette.save(target, format_name)
    except OSError as error:
        print_error(f"{target}: cannot be written: {error.strerror or error}")
        return False
    except ValueError as error:
        print_error(error)
        return False
    return True


def count_in_words(palette: Palette) -> str:
    """The number of colours in words, such as ``16 colours``."""
    return f"{len(palette)} colour{'s' * (len(palette) != 1)}"
