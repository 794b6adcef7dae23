"""Kinds of options: what each accepts, how its values are written in a flag, and its JSON schema.

Plain classes, as a dataclass takes a millisecond to make, and a hook needs all of these when it starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

from kquant_hooks.options.nearest import hint
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import HEX_COLOR, MAX_COLORS, hex_colors_in

Schema = dict[str, Any]


class Kind:
    """What values an option accepts.

    Attributes
    ----------
    metavar : str
        What stands for a value in the help of a flag.
    """

    metavar: str

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
        """The accepted values, in words that follow "expected"."""
        raise NotImplementedError

    def refusal(self, value: object, expected: str) -> str:  # noqa: ARG002  some kinds use it
        """The text after the name and the value in the message that refuses a value."""
        return f": expected {expected}"

    def show(self, value: object) -> str:
        """A canonical value as it may be written in a flag."""
        return str(value)

    def schema(self) -> list[Schema]:
        """JSON schemas; a value has to match one of them."""
        raise NotImplementedError


class Number(Kind):
    """A real number in an inclusive range, without an upper limit if ``high`` is None."""

    metavar = "X"
    _article: ClassVar[str] = "a"
    _noun: ClassVar[str] = "number"
    _type: ClassVar[type[Real] | type[Integral]] = Real

    def __init__(self, low: float = 0, high: float | None = None) -> None:
        self.low, self.high = low, high

    def check(self, value: object) -> int | float | None:
        """A number of any type, NumPy's included; integral ones become int, others float."""
        if not self._is_number(value):
            return None
        number = int(value) if isinstance(value, Integral) else float(value)  # type: ignore[arg-type]
        return number if self.low <= number <= (number if self.high is None else self.high) else None

    def parse(self, text: str) -> float | str:
        """A float."""
        return _parsed(float, text)

    def describe(self) -> str:
        """The range, such as "a number from 0 to 1"."""
        limits = f"of at least {self.low}" if self.high is None else f"from {self.low} to {self.high}"
        return f"{self._article} {self._noun} {limits}"

    def refusal(self, value: object, expected: str) -> str:
        """That a number is outside the range; what is expected instead of anything else."""
        if self.high is None or not self._is_number(value):
            return super().refusal(value, expected)
        return f" is outside {self.low}..{self.high}"

    def schema(self) -> list[Schema]:
        """A number with its range."""
        highest = {} if self.high is None else {"maximum": self.high}
        return [{"type": self._noun, "minimum": self.low, **highest}]

    def _is_number(self, value: object) -> bool:
        return isinstance(value, self._type) and not isinstance(value, bool)


class Integer(Number):
    """An integer in an inclusive range, without an upper limit if ``high`` is None."""

    metavar = "N"
    _article: ClassVar[str] = "an"
    _noun: ClassVar[str] = "integer"
    _type: ClassVar[type[Real] | type[Integral]] = Integral

    def parse(self, text: str) -> float | str:
        """An int."""
        return _parsed(int, text)


class Choice(Kind):
    """One of some words."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices
        self.metavar = "|".join(choices)

    def check(self, value: object) -> str | None:
        """The word itself."""
        return value if isinstance(value, str) and value in self.choices else None

    def refusal(self, value: object, expected: str) -> str:
        """All of the words, and the one that was probably meant."""
        meant = hint(value, self.choices) if isinstance(value, str) else ""
        return super().refusal(value, expected) + meant

    def describe(self) -> str:
        """The words, such as "one of keep, hard"."""
        return f"one of {', '.join(self.choices)}"

    def schema(self) -> list[Schema]:
        """An enumeration."""
        return [{"enum": list(self.choices)}]


class Flag(Kind):
    """True or false."""

    metavar = ""

    def check(self, value: object) -> bool | None:
        """A bool and nothing else."""
        return value if isinstance(value, bool) else None

    def show(self, value: object) -> str:
        """In lower case, as in YAML."""
        return str(value).lower()

    def describe(self) -> str:
        """The two values."""
        return "true or false"

    def schema(self) -> list[Schema]:
        """A boolean."""
        return [{"type": "boolean"}]


class PaletteValue(Kind):
    """A palette, a list of colours, or the path of a palette file; canonical as a ``Palette``."""

    metavar = "FILE|HEX,HEX,..."

    def check(self, value: object) -> Palette | None:
        """The palette; ValueError if a file cannot be read, or if the colours are not a palette."""
        if isinstance(value, str):
            value = self.parse(value)
        if isinstance(value, str | os.PathLike):
            return _loaded(value)
        if isinstance(value, Sequence):
            return Palette(value)
        return value if isinstance(value, Palette) else None

    def parse(self, text: str) -> Palette | str:
        """A palette of hex colours separated by commas; anything else is a path."""
        colors = hex_colors_in(text)
        return text if colors is None else Palette(colors)

    def describe(self) -> str:
        """Every accepted type."""
        return "a Palette, a list of colours or a palette file"

    def schema(self) -> list[Schema]:
        """A list of hex colours, or text."""
        color = text_schema(HEX_COLOR)
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


def text_schema(pattern: str) -> Schema:
    """The JSON schema of text that matches a pattern; spaces around it are allowed."""
    return {"type": "string", "pattern": rf"^\s*({pattern})\s*$"}
