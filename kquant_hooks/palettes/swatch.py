"""A colour with its name, as formats of palette files read and write it; hex colours."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_COLORS = 256
HEX_COLOR = r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})"


class Swatch(NamedTuple):
    """A colour with its name.

    Attributes
    ----------
    levels : tuple of int
        R, G, B or R, G, B, A; 0..255, alpha not premultiplied.
    name : str
        Empty if it has no name.
    """

    levels: tuple[int, ...]
    name: str = ""


def is_hex(text: str) -> bool:
    """Whether the text is a hex colour."""
    return re.fullmatch(HEX_COLOR, text.strip()) is not None


def hex_colors_in(text: str) -> list[str] | None:
    """The colours of a list such as ``#000,#fff``; None if any part is not a colour."""
    colors = text.split(",")
    return colors if all(map(is_hex, colors)) else None


def parse_hex(text: str) -> tuple[int, ...]:
    """R, G, B[, A] of a hex colour; ValueError for other text."""
    match = re.fullmatch(HEX_COLOR, text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a hex colour such as '#ff8000'")
    digits = match[1] if len(match[1]) > 4 else "".join(2 * digit for digit in match[1])
    return tuple(bytes.fromhex(digits))


def to_hex(levels: tuple[int, ...]) -> str:
    """``#rrggbb``, or ``#rrggbbaa`` if the colour has alpha."""
    return "#" + bytes(levels).hex()
