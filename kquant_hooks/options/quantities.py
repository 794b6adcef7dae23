"""Kinds of options whose values have units: sizes, shares of a file, and times."""

from __future__ import annotations

import math
import re
from numbers import Integral, Real

from kquant_hooks.options.kinds import Kind, Schema, text_schema

_SIZE = r"(\d+(?:\.\d+)?)\s*([bB]|[kKmMgG][iI][bB]|)"
_SHARE = r"(\d+(?:\.\d+)?)\s*%"
_DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)"
_WHOLE = 100  # percent
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SECONDS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class Size(Kind):
    """Bytes: an integer, or text such as ``"2GiB"``; canonical as an int."""

    metavar = "SIZE"

    def __init__(self, low: int = 0) -> None:
        self.low = low

    def check(self, value: object) -> int | None:
        """Bytes, at least ``low``."""
        size = _bytes_of(value)
        return None if size is None or size < self.low else size

    def describe(self) -> str:
        """Examples and the lower limit: "a size such as 512MiB or 2GiB, at least 64MiB"."""
        return "a size such as 512MiB or 2GiB" + (f", at least {self.show(self.low)}" if self.low else "")

    def show(self, value: object) -> str:
        """In the largest unit of which it is a multiple."""
        if not isinstance(value, int):
            return str(value)
        unit = next(unit for unit in reversed(_BYTES) if value % _BYTES[unit] == 0)
        return f"{value // _BYTES[unit]}{unit}"

    def schema(self) -> list[Schema]:
        """An integer, or text with a unit."""
        return [{"type": "integer", "minimum": self.low}, text_schema(_SIZE)]


class Savings(Kind):
    """Bytes, or a share of a file; canonical as an int, or as text such as ``"5%"``."""

    metavar = "SIZE|N%"

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
        return [{"type": "integer", "minimum": 0}, text_schema(f"{_SIZE}|{_SHARE}")]


class Duration(Kind):
    """Seconds, or text such as ``"500ms"``; canonical as seconds in a float."""

    metavar = "TIME"

    def __init__(self, low: float = 0) -> None:
        self.low = low

    def check(self, value: object) -> float | None:
        """Finite seconds, at least ``low``."""
        seconds = _seconds_of(value)
        return seconds if seconds is not None and self.low <= seconds < math.inf else None

    def describe(self) -> str:
        """Examples and the lower limit: "a time such as 500ms, 2s or 5m, at least 1s"."""
        return "a time such as 500ms, 2s or 5m" + (f", at least {self.show(self.low)}" if self.low else "")

    def show(self, value: object) -> str:
        """In seconds."""
        return f"{value:g}s"

    def schema(self) -> list[Schema]:
        """A number of seconds, or text with a unit."""
        return [{"type": "number", "minimum": self.low}, text_schema(_DURATION)]


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
    return None if match is None else float(match[1]) * _SECONDS[match[2] or "s"]
