"""The colours that two palettes share, and those that only one of them has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import dist

from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import to_hex


@dataclass(frozen=True, slots=True)
class Missing:
    """A colour that the other palette does not have.

    Attributes
    ----------
    color : str
        ``#rrggbb``, or ``#rrggbbaa`` if it is not opaque.
    nearest : str
        The nearest colour of the other palette.
    distance : float
        The distance between the two: the square root of the sum over R, G, B and A of squared differences,
        0..510.
    """

    color: str
    nearest: str
    distance: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two palettes differ.

    Attributes
    ----------
    equal : bool
        Whether they have the same colours in the same order.
    reordered : bool
        Whether they have the same colours, each the same number of times, but in different orders.
    only_first, only_second : tuple of Missing
        The distinct colours that only this palette has, in its order.
    """

    equal: bool
    reordered: bool
    only_first: tuple[Missing, ...]
    only_second: tuple[Missing, ...]


def compare(first: Palette, second: Palette) -> Comparison:
    """Compare the colours of two palettes; names are ignored."""
    ours, theirs = ([(*levels, 255)[:4] for levels in palette] for palette in (first, second))
    return Comparison(
        equal=first == second,
        reordered=first != second and Counter(ours) == Counter(theirs),
        only_first=tuple(_missing(ours, theirs)),
        only_second=tuple(_missing(theirs, ours)),
    )


def _missing(colors: list[tuple[int, ...]], others: list[tuple[int, ...]]) -> list[Missing]:
    found = []
    for levels in dict.fromkeys(colors):
        nearest = min(others, key=lambda other: dist(levels, other))
        if nearest != levels:
            found.append(Missing(color=_hex(levels), nearest=_hex(nearest), distance=dist(levels, nearest)))
    return found


def _hex(levels: tuple[int, ...]) -> str:
    return to_hex(levels[:3] if levels[3] == 255 else levels)
