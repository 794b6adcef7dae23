"""Palette files as a command reads and writes them: what is wrong with one is a line."""

from __future__ import annotations

from pathlib import Path

from kquant_hooks.palettes.palette import Palette
from kquant_hooks.report.printing import complain


def loaded(path: str) -> Palette | None:
    """The palette of a file; None, once it is said why, where there is none."""
    try:
        return Palette.load(path)
    except OSError as error:
        complain(f"{path}: cannot be read: {error.strerror or error}")
    except ValueError as error:
        complain(error)
    return None


def saved(palette: Palette, target: Path, form: str | None = None) -> bool:
    """Whether a palette could be written; if not, it is said why."""
    try:
        palette.save(target, form)
    except OSError as error:
        complain(f"{target}: cannot be written: {error.strerror or error}")
        return False
    except ValueError as error:
        complain(error)
        return False
    return True


def count_in_words(palette: Palette) -> str:
    """Such as ``16 colours``."""
    return f"{len(palette)} colour{'s' * (len(palette) != 1)}"
