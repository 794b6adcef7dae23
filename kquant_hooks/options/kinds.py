"""What an option accepts: checked values, parsed text, words for a table.

Settings of the quantizer and the policy for files declare their fields with ``option``; flags, configuration
and the README's tables are made from these declarations.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal

from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import hex_colors_in

SIZE = r"(\d+(?:\.\d+)?)\s*([bB]|[kKmMgG][iI][bB]|)"
SAVINGS = r"(\d+(?:\.\d+)?)\s*(%|[bB]|[kKmMgG][iI][bB]|)"
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)"
_SECONDS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_WORDS = {
    "palette": "a Palette, colours or a palette file",
    "savings": "a size such as 1KiB or 5%",
    "size": "a size such as 512MiB or 2GiB",
    "duration": "a time such as 500ms, 2s or 5m",
    "flag": "true or false",
}


@dataclass(frozen=True, slots=True)
class Option:
    """What one option accepts.

    Attributes
    ----------
    kind : {"integer", "number", "choice", "palette", "savings", "size", "duration", "flag"}
    help : str
        What it does, in one phrase.
    low, high : int, optional
        Inclusive range of a number; no upper end where ``high`` is None.
    choices : tuple of str
        What a choice may be.
    optional : bool
        Whether None is allowed.
    limit : bool
        Whether it only limits time or memory: what comes out of a picture does not depend on it.
    """

    kind: Literal["integer", "number", "choice", "palette", "savings", "size", "duration", "flag"]
    help: str
    low: int = 0
    high: int | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    limit: bool = False

    def accepts(self) -> str:
        """The accepted values in words."""
        if self.kind == "choice":
            words = " | ".join(self.choices)
        elif self.kind in _WORDS:
            words = _WORDS[self.kind] + (f", from {self.shown(self.low)}" if self.low else "")
        else:
            words = f"an integer from {self.low}" if self.kind == "integer" else f"a number from {self.low}"
            words += "" if self.high is None else f" to {self.high}"
        return words + (", or None" if self.optional else "")

    def shown(self, value: object) -> str:
        """A value as it may be written in a flag, for people."""
        if self.kind == "size" and isinstance(value, int):
            unit = next(unit for unit in reversed(_UNITS) if value % _UNITS[unit] == 0)
            return f"{value // _UNITS[unit]}{unit}"
        return f"{value:g}s" if self.kind == "duration" else str(value)

    def parse(self, text: str) -> Any:
        """A value from the text of a flag, for ``check``; what is no number and no colours stays text."""
        if self.optional and text.lower() == "none":
            return None
        if self.kind == "palette":
            colors = hex_colors_in(text)
            return text if colors is None else Palette(colors)
        try:
            return {"integer": int, "number": float}.get(self.kind, str)(text)
        except ValueError:
            return text

    def check(self, name: str, value: object) -> Any:
        """``value`` in its canonical type; ValueError with the value and what is accepted otherwise."""
        if value is None and self.optional:
            return None
        if self.kind == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if self.kind == "palette" and isinstance(value, str):
            value = self.parse(value)
        if self.kind == "palette" and isinstance(value, Palette):
            return value
        if self.kind == "palette" and isinstance(value, str | os.PathLike):
            return _loaded(name, value)
        if self.kind == "palette" and isinstance(value, list | tuple):
            return _of_colors(name, value)
        if self.kind == "flag" and isinstance(value, bool):
            return value
        if self.kind == "savings" and (savings := _savings(value)) is not None:
            return savings
        if self.kind == "size" and isinstance(size := _savings(value), int) and size >= self.low:
            return size
        if self.kind == "duration" and (seconds := _seconds(value)) is not None and seconds >= self.low:
            return seconds
        if self.kind in ("integer", "number") and not isinstance(value, bool):
            number: int | float | None = None
            if isinstance(value, Integral):
                number = int(value)
            elif self.kind == "number" and isinstance(value, Real):
                number = float(value)
            if number is not None and self.low <= number <= (number if self.high is None else self.high):
                return number
            if number is not None and self.high is not None:
                raise ValueError(f"{name}={value!r} is outside {self.low}..{self.high}")
        raise ValueError(f"{name}={value!r} is not {self.accepts()}")


def option(default: Any, *, positional: bool = False, **description: Any) -> Any:
    """A dataclass field that carries an ``Option``."""
    return field(default=default, kw_only=not positional, metadata={"option": Option(**description)})


def dashed(name: str) -> str:
    """How an option is called in flags and in configuration files."""
    return name.replace("_", "-")


def options_of(cls: type[Any]) -> dict[str, Option]:
    """The options that a dataclass declares, by name."""
    return {entry.name: entry.metadata["option"] for entry in fields(cls) if "option" in entry.metadata}


def defaults_of(cls: type[Any]) -> dict[str, Any]:
    """The defaults of the options that a dataclass declares, by name."""
    return {entry.name: entry.default for entry in fields(cls) if "option" in entry.metadata}


def check_all(instance: object, options: dict[str, Option]) -> None:
    """Replace each option's value by the checked one, at construction."""
    for name, entry in options.items():
        object.__setattr__(instance, name, entry.check(name, getattr(instance, name)))


def _of_colors(name: str, colors: Iterable[Any]) -> Palette:
    try:
        return Palette(colors)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _loaded(name: str, path: str | os.PathLike[str]) -> Palette:
    """A palette file's palette; ValueError where it cannot be read, as for any other option."""
    try:
        return Palette.load(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"{name}={os.fspath(path)!r} is no file that can be read ({reason}), and no list of hex colours"
        ) from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _savings(value: object) -> int | str | None:
    """Bytes, or a share of the file such as ``"5%"``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value) if int(value) >= 0 else None
    match = re.fullmatch(SAVINGS, value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit = float(match[1]), match[2].lower()
    if unit == "%":
        return f"{number:g}%" if number <= 100 else None
    number *= next(size for name, size in _UNITS.items() if name.lower() == (unit or "b"))
    return None if math.isinf(number) else round(number)


def _seconds(value: object) -> float | None:
    """Seconds, from such a number or from text such as ``"2s"``."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value) if 0 <= float(value) < math.inf else None
    match = re.fullmatch(DURATION, value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1]) * _SECONDS[match[2]]
