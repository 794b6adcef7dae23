"""What two palettes have in common, and what they have not."""

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
        The colour of the other palette that is nearest to it.
    distance : float
        Between these two: the root of the sum over R, G, B and A of squared differences, 0..510.
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
        Whether they are not equal, but have the same colours, each as often.
    only_first, only_second : tuple of Missing
        The distinct colours that one of them has alone, in its order.
    """

    equal: bool
    reordered: bool
    only_first: tuple[Missing, ...]
    only_second: tuple[Missing, ...]


def compare(first: Palette, second: Palette) -> Comparison:
    """Compare two palettes; names do not count."""
    ours, theirs = ([(*levels, 255)[:4] for levels in palette] for palette in (first, second))
    return Comparison(
        first == second,
        first != second and Counter(ours) == Counter(theirs),
        tuple(_missing(ours, theirs)),
        tuple(_missing(theirs, ours)),
    )


def _missing(colors: list[tuple[int, ...]], others: list[tuple[int, ...]]) -> list[Missing]:
    found = []
    for levels in dict.fromkeys(colors):
        nearest = min(others, key=lambda other: dist(levels, other))
        if nearest != levels:
            found.append(Missing(_hex(levels), _hex(nearest), dist(levels, nearest)))
    return found


def _hex(levels: tuple[int, ...]) -> str:
    return to_hex(levels[:3] if levels[3] == 255 else levels)
