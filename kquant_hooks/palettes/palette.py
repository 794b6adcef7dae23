"""Palettes: ordered, immutable lists of colours. Settings hold them, so NumPy is loaded only when needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING

from kquant_hooks.palettes.swatch import MAX_COLORS, Swatch, parse_hex, to_hex

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

_MAX_NAME_LENGTH = 255
_CELLS_PER_ROW = 16
_MAX_CELL = 256


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Palette:
    """An immutable, ordered list of 1 to 256 colours.

    Palettes are equal if they have the same colours in the same order; names are ignored.

    Parameters
    ----------
    colors : iterable of str, iterable of int sequences, or ndarray of shape (n, 3) or (n, 4)
        Hex colours (``"#09f"``, ``"0099ff"``, ``"#0099ff80"``) or R, G, B[, A] levels in 0..255. Alpha is
        not premultiplied; if only some colours have it, the others are opaque.
    names : iterable of str, optional
        One for each colour, of up to 255 characters; empty if it has no name. Characters that cannot be
        printed become spaces, and successive spaces become one.

    Raises
    ------
    ValueError
        If there are no colours or more than 256; if one is not a colour; if the number of names differs.

    Examples
    --------
    >>> Palette(["#000", "#ff8000"]).hex()
    ('#000000', '#ff8000')
    """

    _entries: tuple[tuple[int, ...], ...]
    _names: tuple[str, ...] = field(compare=False)

    def __init__(self, colors: Iterable[str | Iterable[int]], names: Iterable[str] | None = None) -> None:
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
        called = ("",) * len(entries) if names is None else tuple(map(_name, names))
        if len(called) != len(entries):
            raise ValueError(
                f"expected {len(entries)} names, one per colour, got {len(called)}; "
                "use '' for colours without one"
            )
        object.__setattr__(self, "_entries", entries)
        object.__setattr__(self, "_names", called)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, within: str | os.PathLike[str] | None = None) -> Palette:
        """Read a palette file; its format is detected from its content, not from its name.

        Parameters
        ----------
        path : str or path
        within : str or path, optional
            A folder that must contain the file after all links are followed: for paths from untrusted
            sources.

        Raises
        ------
        ValueError
            If its format is not known, it is damaged, or it has more than 256 colours.
        OSError
            If it cannot be read, is not a regular file, or is outside ``within``.
        """
        from kquant_hooks.palettes.files import read

        swatches = read(path, within)
        try:
            # Names are notes: one that is too long does not make its colours unusable.
            names = [_shortened(swatch.name) for swatch in swatches]
            return cls((swatch.levels for swatch in swatches), names)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from error

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> None:  # noqa: A002  as Pillow calls it
        """Write a palette file in the format of its extension, completely or not at all.

        Names are dropped if the format cannot hold them.

        Parameters
        ----------
        path : str or path
            Its extension is one of those in the README's table, unless a format is given.
        format : str, optional
            One of "gpl", "hex", "jasc", "riff", "aco", "act", "ase", "txt", "json", "png" and "css".

        Raises
        ------
        ValueError
            If the extension or the format is not known, or if a colour is not opaque and the format cannot
            hold alpha.
        OSError
            If it cannot be written.
        """
        from kquant_hooks.palettes.files import write

        write(path, list(map(Swatch, self._entries, self._names)), format)

    @property
    def colors(self) -> npt.NDArray[np.uint8]:
        """The colours: shape (n, 3), or (n, 4) if one is not opaque; levels 0..255."""
        import numpy as np

        return np.array(self._entries, np.uint8)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the colours, in order; empty if a colour has no name."""
        return self._names

    def hex(self) -> tuple[str, ...]:
        """The colours as ``#rrggbb``, or ``#rrggbbaa`` if one is not opaque."""
        return tuple(map(to_hex, self._entries))

    def to_image(self, cell: int = 32) -> Image.Image:
        """A picture of the colours: square cells, up to 16 in a row.

        The last colour fills the rest of the last row, so the picture has no other colours.

        Parameters
        ----------
        cell : int
            Side of a cell in pixels, 1..256.

        Returns
        -------
        PIL.Image.Image
            Mode RGB, or RGBA if a colour is not opaque.

        Raises
        ------
        ValueError
            If ``cell`` is not an integer in its range.
        """
        if isinstance(cell, bool) or not isinstance(cell, int) or not 1 <= cell <= _MAX_CELL:
            raise ValueError(f"cell={cell!r}: expected an integer from 1 to {_MAX_CELL}")
        from PIL import Image

        columns = min(len(self), _CELLS_PER_ROW)
        rows = -(-len(self) // columns)
        cells = self._entries + self._entries[-1:] * (rows * columns - len(self))
        mode = "RGB" if len(cells[0]) == 3 else "RGBA"
        small = Image.frombytes(mode, (columns, rows), bytes(level for levels in cells for level in levels))
        return small.resize((columns * cell, rows * cell), Image.Resampling.NEAREST)

    def _repr_html_(self) -> str:
        """The colours as cells, for notebooks."""
        from html import escape

        style = "display:inline-block;width:2em;height:2em;background:"
        cells = (
            f'<span title="{escape(f"{color} {name}".strip())}" style="{style}{color}"></span>'
            for color, name in zip(self.hex(), self._names, strict=True)
        )
        return f"<div>{''.join(cells)}</div>"

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self._entries)

    def __repr__(self) -> str:
        return f"Palette({list(self.hex())!r})"


def _parse(color: str | Iterable[int]) -> tuple[int, ...]:
    if isinstance(color, str):
        return parse_hex(color)
    levels = tuple(map(index, color))
    if len(levels) not in (3, 4) or min(levels) < 0 or max(levels) > 255:
        raise ValueError(f"{color!r} is not a colour; expected 3 or 4 levels in 0..255, or a hex string")
    return levels


def _shortened(name: str) -> str:
    """A name that is not too long; what is cut off becomes an ellipsis."""
    return name if len(name) <= _MAX_NAME_LENGTH else f"{name[: _MAX_NAME_LENGTH - 1]}…"


def _name(name: object) -> str:
    if isinstance(name, str):
        shown = " ".join("".join(char if char.isprintable() else " " for char in name).split())
        if len(shown) <= _MAX_NAME_LENGTH:
            return shown
    raise ValueError(
        f"{name!r:.60} is not a valid colour name; expected a string of up to {_MAX_NAME_LENGTH} characters"
    )
