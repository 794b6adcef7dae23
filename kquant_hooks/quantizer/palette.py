"""Palettes: ordered, immutable lists of colours. Settings hold one, so NumPy is loaded only when asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_COLORS = 256
HEX_COLOR = r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Palette:
    """An immutable, ordered list of 1 to 256 colours.

    Parameters
    ----------
    colors : iterable of str, iterable of int sequences, or ndarray of shape (n, 3) or (n, 4)
        Hex colours (``"#09f"``, ``"0099ff"``, ``"#0099ff80"``) or R, G, B[, A] levels in 0..255. Alpha is
        not premultiplied; where some colours have it, the others are opaque.

    Raises
    ------
    ValueError
        If there are no colours or more than 256, or one is not a colour.

    Examples
    --------
    >>> Palette(["#000", "#ff8000"]).hex()
    ('#000000', '#ff8000')
    """

    _entries: tuple[tuple[int, ...], ...]

    def __init__(self, colors: Iterable[str | Iterable[int]]) -> None:
        try:
            entries = tuple(map(_parse, colors))
        except TypeError:
            raise ValueError(f"colors={colors!r} is not a list of colours such as ['#000000']") from None
        if not 1 <= len(entries) <= MAX_COLORS:
            raise ValueError(f"a palette has 1..{MAX_COLORS} colours, got {len(entries)}")
        if all(len(entry) == 3 or entry[3] == 255 for entry in entries):
            entries = tuple(entry[:3] for entry in entries)
        else:
            entries = tuple((*entry, 255)[:4] for entry in entries)
        object.__setattr__(self, "_entries", entries)

    @property
    def colors(self) -> npt.NDArray[np.uint8]:
        """The colours: shape (n, 3), or (n, 4) where one is not opaque; levels 0..255."""
        import numpy as np

        return np.array(self._entries, np.uint8)

    def hex(self) -> tuple[str, ...]:
        """The colours as ``#rrggbb``, or ``#rrggbbaa`` where one is not opaque."""
        return tuple("#" + bytes(entry).hex() for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self._entries)

    def __repr__(self) -> str:
        return f"Palette({list(self.hex())!r})"


def _parse(color: str | Iterable[int]) -> tuple[int, ...]:
    if isinstance(color, str):
        match = re.fullmatch(HEX_COLOR, color.strip())
        if match is None:
            raise ValueError(f"{color!r} is not a hex colour such as '#ff8000'")
        digits = match[1] if len(match[1]) > 4 else "".join(2 * digit for digit in match[1])
        return tuple(bytes.fromhex(digits))
    levels = tuple(map(index, color))
    if len(levels) not in (3, 4) or min(levels) < 0 or max(levels) > 255:
        raise ValueError(f"{color!r} is not a colour; expected 3 or 4 levels in 0..255, or a hex string")
    return levels
