"""Kinds of options: what each accepts, how its values are written in a flag, and its JSON schema."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import HEX_COLOR, MAX_COLORS, hex_colors_in

Schema = dict[str, Any]

_SIZE = r"(\d+(?:\.\d+)?)\s*([bB]|[kKmMgG][iI][bB]|)"
_SHARE = r"(\d+(?:\.\d+)?)\s*%"
_DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)"
_WHOLE = 100  # percent
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SECONDS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Kind:
    """What values an option accepts.

    Attributes
    ----------
    metavar : str
        What stands for a value in the help of a flag.
    """

    metavar: ClassVar[str]

    def check(self, value: object) -> Any:
        """The value in its canonical type; None if it is not accepted.

        Raises
        ------
        ValueError
            If the message should say more than what is accepted.
        """
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """A value for ``check`` from the text of a flag; text that cannot be parsed stays text."""
        return text

    def describe(self) -> str:
        """What is accepted, in words that follow "expected"."""
        raise NotImplementedError

    def refusal(self, value: object) -> str:  # noqa: ARG002  numbers use it
        """What follows the name and the value in the message, if the value is not accepted."""
        return f": expected {self.describe()}"

    def show(self, value: object) -> str:
        """A canonical value as it may be written in a flag."""
        return str(value)

    def schema(self) -> list[Schema]:
        """JSON schemas, one of which a value meets."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A real number in an inclusive range; unlimited upwards if ``high`` is None."""

    metavar: ClassVar[str] = "X"
    _article: ClassVar[str] = "a"
    _noun: ClassVar[str] = "number"
    _type: ClassVar[type[Real] | type[Integral]] = Real
    low: float = 0
    high: float | None = None

    def check(self, value: object) -> int | float | None:
        """Numbers of any type, NumPy's included; integral ones become int, others float."""
        if not self._is_number(value):
            return None
        number = int(value) if isinstance(value, Integral) else float(value)  # type: ignore[arg-type]
        return number if self.low <= number <= (number if self.high is None else self.high) else None

    def parse(self, text: str) -> float | str:
        """A float."""
        return _parsed(float, text)

    def describe(self) -> str:
        """Such as "a number from 0 to 1"."""
        return f"{self._article} {self._noun} from {self.low}" + (
            "" if self.high is None else f" to {self.high}"
        )

    def refusal(self, value: object) -> str:
        """Numbers are outside the range."""
        if self.high is None or not self._is_number(value):
            return f": expected {self.describe()}"
        return f" is outside {self.low}..{self.high}"

    def schema(self) -> list[Schema]:
        """A number with its range."""
        highest = {} if self.high is None else {"maximum": self.high}
        return [{"type": self._noun, "minimum": self.low, **highest}]

    def _is_number(self, value: object) -> bool:
        return isinstance(value, self._type) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Integer(Number):
    """An integer in an inclusive range; unlimited upwards if ``high`` is None."""

    metavar: ClassVar[str] = "N"
    _article: ClassVar[str] = "an"
    _noun: ClassVar[str] = "integer"
    _type: ClassVar[type[Real] | type[Integral]] = Integral

    def parse(self, text: str) -> float | str:
        """An int."""
        return _parsed(int, text)


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of some words."""

    choices: tuple[str, ...]

    @property
    def metavar(self) -> str:  # type: ignore[override]
        """All of them."""
        return "|".join(self.choices)

    def check(self, value: object) -> str | None:
        """The word itself."""
        return value if isinstance(value, str) and value in self.choices else None

    def describe(self) -> str:
        """Such as "one of keep, hard"."""
        return f"one of {', '.join(self.choices)}"

    def schema(self) -> list[Schema]:
        """An enumeration."""
        return [{"enum": list(self.choices)}]


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """True or false."""

    metavar: ClassVar[str] = ""

    def check(self, value: object) -> bool | None:
        """Nothing but a bool."""
        return value if isinstance(value, bool) else None

    def show(self, value: object) -> str:
        """In lower case, as YAML has it."""
        return str(value).lower()

    def describe(self) -> str:
        """The two values."""
        return "true or false"

    def schema(self) -> list[Schema]:
        """A boolean."""
        return [{"type": "boolean"}]


@dataclass(frozen=True, slots=True)
class Size(Kind):
    """Bytes: an integer, or text such as ``"2GiB"``; canonical as an int."""

    metavar: ClassVar[str] = "SIZE"
    low: int = 0

    def check(self, value: object) -> int | None:
        """Bytes, at least ``low``."""
        size = _bytes_of(value)
        return None if size is None or size < self.low else size

    def describe(self) -> str:
        """Such as "a size such as 512MiB or 2GiB, at least 64MiB"."""
        return "a size such as 512MiB or 2GiB" + (f", at least {self.show(self.low)}" if self.low else "")

    def show(self, value: object) -> str:
        """In the largest unit that it is a multiple of."""
        if not isinstance(value, int):
            return str(value)
        unit = next(unit for unit in reversed(_BYTES) if value % _BYTES[unit] == 0)
        return f"{value // _BYTES[unit]}{unit}"

    def schema(self) -> list[Schema]:
        """An integer, or text with a unit."""
        return [{"type": "integer", "minimum": self.low}, _text(_SIZE)]


@dataclass(frozen=True, slots=True)
class Savings(Kind):
    """Bytes, or a share of a file; canonical as an int, or as text such as ``"5%"``."""

    metavar: ClassVar[str] = "SIZE|N%"

    def check(self, value: object) -> int | str | None:
        """Bytes as for ``Size``, or a share of at most 100 %."""
        share = re.fullmatch(_SHARE, value.strip()) if isinstance(value, str) else None
        if share is None:
            return _bytes_of(value)
        percent = float(share[1])
        return f"{percent:g}%" if percent <= _WHOLE else None

    def describe(self) -> str:
        """Both forms."""
        return "a size such as 1KiB or a share such as 5%"

    def schema(self) -> list[Schema]:
        """An integer, or text with a unit or a percent sign."""
        return [{"type": "integer", "minimum": 0}, _text(f"{_SIZE}|{_SHARE}")]


@dataclass(frozen=True, slots=True)
class Duration(Kind):
    """Seconds, or text such as ``"500ms"``; canonical as seconds in a float."""

    metavar: ClassVar[str] = "TIME"
    low: float = 0

    def check(self, value: object) -> float | None:
        """Finite seconds, at least ``low``."""
        seconds = _seconds_of(value)
        return seconds if seconds is not None and self.low <= seconds < math.inf else None

    def describe(self) -> str:
        """Such as "a time such as 500ms, 2s or 5m, at least 1s"."""
        return "a time such as 500ms, 2s or 5m" + (f", at least {self.show(self.low)}" if self.low else "")

    def show(self, value: object) -> str:
        """In seconds."""
        return f"{value:g}s"

    def schema(self) -> list[Schema]:
        """A number of seconds, or text with a unit."""
        return [{"type": "number", "minimum": self.low}, _text(_DURATION)]


@dataclass(frozen=True, slots=True)
class PaletteValue(Kind):
    """A palette, colours to make one of, or the path of a palette file; canonical as a ``Palette``."""

    metavar: ClassVar[str] = "FILE|HEX,HEX,..."

    def check(self, value: object) -> Palette | None:
        """Files are read now; ValueError if that fails, or if the colours are not a palette."""
        if isinstance(value, str):
            value = self.parse(value)
        if isinstance(value, str | os.PathLike):
            return _loaded(value)
        if isinstance(value, Sequence):
            return Palette(value)
        return value if isinstance(value, Palette) else None

    def parse(self, text: str) -> Palette | str:
        """A palette of hex colours between commas; anything else is a path."""
        colors = hex_colors_in(text)
        return text if colors is None else Palette(colors)

    def describe(self) -> str:
        """All that it may be."""
        return "a Palette, a list of colours or a palette file"

    def schema(self) -> list[Schema]:
        """A list of hex colours, or text."""
        color = _text(HEX_COLOR)
        colors = {"type": "array", "items": color, "minItems": 1, "maxItems": MAX_COLORS}
        return [colors, {"type": "string", "minLength": 1}]


def _parsed(convert: Callable[[str], float], text: str) -> float | str:
    try:
        return convert(text)
    except ValueError:
        return text


def _loaded(path: str | os.PathLike[str]) -> Palette:
    try:
        return Palette.load(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"{os.fspath(path)!r} is neither a readable file ({reason}) nor a list of hex colours"
        ) from error


def _bytes_of(value: object) -> int | None:
    """Bytes, from an integer or from text with a unit."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value) if int(value) >= 0 else None
    match = re.fullmatch(_SIZE, value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    unit = match[2].lower() or "b"
    size = float(match[1]) * next(size for name, size in _BYTES.items() if name.lower() == unit)
    return None if math.isinf(size) else round(size)


def _seconds_of(value: object) -> float | None:
    """Seconds, from a number or from text with a unit."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    match = re.fullmatch(_DURATION, value.strip()) if isinstance(value, str) else None
    return None if match is None else float(match[1]) * _SECONDS[match[2]]


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": rf"^\s*({pattern})\s*$"}
