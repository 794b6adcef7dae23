"""The one list of options: names, defaults, ranges and descriptions.

The filter's arguments, the command's flags and the README's table are made from ``Settings``; an option
added here appears in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from kquant_hooks.quantizer.options import Option, check_all, option, options_of
from kquant_hooks.quantizer.palette import MAX_COLORS, Palette

Init = Literal["wu", "k-means++", "random"]
EffortName = Literal["fast", "balanced", "best"]
Order = Literal["given", "lightness", "population"]


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """How to quantize: validated, immutable, hashable.

    Every field is described in ``OPTIONS``; the README's table is made from it.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range; the message names the value and the range.
    """

    colors: int = option(
        256,
        positional=True,
        kind="integer",
        low=1,
        high=MAX_COLORS,
        help="largest number of colours; a fully transparent one counts",
    )
    palette: Palette | None = option(
        None,
        kind="palette",
        optional=True,
        help="map to these colours instead of learning some; 'colors' is then not used",
    )
    init: Init = option(
        "wu",
        kind="choice",
        choices=("wu", "k-means++", "random"),
        help="first centres: 'wu' is followed by the full search, the two random ones by plain k-means",
    )
    effort: EffortName = option(
        "balanced",
        kind="choice",
        choices=("fast", "balanced", "best"),
        help="how long to search for a lower error",
    )
    max_iter: int | None = option(
        None,
        kind="integer",
        low=1,
        optional=True,
        help="most k-means iterations in all; None: no limit",
    )
    tol: float | None = option(
        None,
        kind="number",
        high=1,
        optional=True,
        help="stop when an iteration lowers the error by no more than this share of it; "
        "0: when the centres stand still; None: as 'effort' says",
    )
    seed: int = option(0, kind="integer", help="start of the random draws of 'k-means++' and 'random'")
    order: Order = option(
        "given",
        kind="choice",
        choices=("given", "lightness", "population"),
        help="order of the palette; 'given' keeps the order of a palette or 'P' image, "
        "and is 'lightness' where there is none; transparent comes first",
    )

    def __post_init__(self) -> None:
        check_all(self, OPTIONS)

    def __repr__(self) -> str:
        shown = [f"colors={self.colors}"]
        for entry in fields(Settings):
            value = getattr(self, entry.name)
            if entry.name != "colors" and value != entry.default:
                shown.append(f"{entry.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


OPTIONS: dict[str, Option] = options_of(Settings)


@dataclass(frozen=True, slots=True)
class Effort:
    """Every internal limit that ``effort`` sets.

    Attributes
    ----------
    search_points : int
        Target number of points while centres are seeded and moved about.
    oversplits : tuple of int
        Wu's cuts make this many times the wanted colours, which are then merged in pairs; the further ones
        are other starts for small pictures and few colours.
    swap_tries, swap_share, swap_settle :
        See ``kmeans.swap``.
    descent_points : int
        Target number of points for the descent that follows.
    refine_colors : int
        Pictures with no more distinct colours than this end with iterations over all of them.
    refine_iterations : int
        How many of those.
    tol : float
        Where the descents stop, unless the settings say so.
    """

    search_points: int
    oversplits: tuple[int, ...]
    swap_tries: int
    swap_share: float
    swap_settle: int
    descent_points: int
    refine_colors: int
    refine_iterations: int
    tol: float


EFFORTS: dict[str, Effort] = {
    "fast": Effort(2000, (1,), 2, 0.12, 1, 6000, 0, 0, 5e-3),
    "balanced": Effort(4000, (2, 1, 4), 10, 0.12, 2, 16000, 1 << 18, 2, 2e-4),
    "best": Effort(24000, (2, 1, 4, 8), 60, 0.12, 4, 64000, 1 << 24, 10, 1e-4),
}
