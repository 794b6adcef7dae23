"""The one list of options: names, defaults, ranges and descriptions.

The filter's arguments, the command's flags and the README's table are made from ``Settings``; an option
added here appears in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from kquant_hooks.options.kinds import Option, check_all, option, options_of
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS

Init = Literal["wu", "k-means++", "random"]
EffortName = Literal["fast", "balanced", "best"]
Space = Literal["srgb", "oklab"]
Order = Literal["given", "lightness", "population", "hue"]
DitherName = Literal["none", "floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"]
AlphaName = Literal["keep", "hard"]


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
        help="map to these colours, or a palette file's, instead of learning some; 'colors' is then not used",
    )
    fixed: Palette | None = option(
        None,
        kind="palette",
        optional=True,
        help="colours, or a palette file's, that the palette has in any case; the others are learnt around "
        "them",
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
    space: Space = option(
        "srgb",
        kind="choice",
        choices=("srgb", "oklab"),
        help="where distances between colours are measured: 'oklab' is closer to what an eye sees; figures "
        "of errors are in sRGB all the same",
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
        choices=("given", "lightness", "population", "hue"),
        help="order of the palette; 'given' keeps the order of a palette or 'P' image, "
        "and where there is none is 'lightness', or in a PNG file what makes it smaller; 'hue' has greys "
        "first; transparent comes before all",
    )
    dither: DitherName = option(
        "none",
        kind="choice",
        choices=("none", "floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"),
        help="mix entries in neighbouring pixels: by passing errors on, or by a pattern of 8x8, 4x4, 2x2 or "
        "64x64 pixels, which stands still in animations",
    )
    dither_strength: float = option(
        1.0, kind="number", high=1, help="how much of an error is made up for by neighbouring pixels"
    )
    alpha: AlphaName = option(
        "keep",
        kind="choice",
        choices=("keep", "hard"),
        help="'hard' makes every pixel opaque or fully transparent, from an alpha of 128 on",
    )
    keep_hidden_rgb: bool = option(
        False,
        kind="flag",
        help="keep the colours of a still picture's fully transparent pixels, which texture filters mix in; "
        "an indexed one gets transparent entries for them, an eighth of its palette or what is left of it",
    )
    threads: int | None = option(
        None,
        kind="integer",
        low=1,
        optional=True,
        limit=True,
        help="threads for one picture, which change nothing but the time; None: one per core, and one in all "
        "where several files are worked on at once",
    )

    def __post_init__(self) -> None:
        check_all(self, OPTIONS)
        solid = self.palette is None or any(len(color) == 3 or color[3] == 255 for color in self.palette)
        if self.alpha == "hard" and not solid:
            raise ValueError("alpha='hard' needs an opaque colour, and the palette has none; add one")
        if self.fixed is not None and len(self.fixed) > self.colors:
            raise ValueError(
                f"fixed has {len(self.fixed)} colours, which colors={self.colors} has no room for; "
                f"use colors={len(self.fixed)} or more"
            )

    def __repr__(self) -> str:
        shown = [f"colors={self.colors}"]
        for entry in fields(Settings):
            value = getattr(self, entry.name)
            if entry.name != "colors" and value != entry.default:
                shown.append(f"{entry.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


OPTIONS: dict[str, Option] = options_of(Settings)
