"""The one list of options: names, defaults, ranges and descriptions.

The filter's arguments, the command's flags, the configuration and the README's table are made from
``Settings``; an option added here and to ``Options``, for type checkers, appears in all of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, TypedDict, Unpack, get_args

from kquant_hooks.options.kinds import Choice, Flag, Integer, Number, PaletteValue
from kquant_hooks.options.option import Option, check_all, check_names, option, options_of
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS

Init = Literal["wu", "k-means++", "random"]
EffortName = Literal["fast", "balanced", "best"]
Space = Literal["srgb", "oklab"]
Order = Literal["given", "lightness", "population", "hue"]
DitherName = Literal["none", "floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"]
AlphaName = Literal["keep", "hard"]
# What an argument for a palette may be; a str is a path, or hex colours separated by commas.
PaletteLike = Palette | str | os.PathLike[str] | Sequence[str | Sequence[int]]


class Options(TypedDict, total=False):
    """Keyword arguments of the functions that quantize, as type checkers see them; see ``Settings``."""

    palette: PaletteLike | None
    fixed: PaletteLike | None
    init: Init
    effort: EffortName
    space: Space
    max_iter: int | None
    tol: float | None
    seed: int
    order: Order
    dither: DitherName
    dither_strength: float
    alpha: AlphaName
    keep_hidden_rgb: bool
    threads: int | None


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Settings:
    """How to quantize: validated, immutable, hashable.

    ``OPTIONS`` describes every field; the README's table is made from it.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range; the message names the value and the range.
    TypeError
        If there is no such option; the message names the nearest one.
    """

    colors: int = option(
        MAX_COLORS, Integer(1, MAX_COLORS), "largest number of colours, counting a fully transparent one"
    )
    palette: Palette | None = option(
        None,
        PaletteValue(),
        "map pixels to these colours instead of learning a palette; overrides 'colors'",
        none="learn a palette",
    )
    fixed: Palette | None = option(
        None,
        PaletteValue(),
        "colours that the palette always has; the others are learned around them",
        none="no fixed colours",
    )
    init: Init = option(
        "wu",
        Choice(get_args(Init)),
        "how the first centres are chosen; 'wu' starts the full search, 'k-means++' and 'random' start plain "
        "k-means",
    )
    effort: EffortName = option(
        "balanced", Choice(get_args(EffortName)), "how long to search for a lower error"
    )
    space: Space = option(
        "srgb",
        Choice(get_args(Space)),
        "colour space in which distances are measured: 'oklab' is closer to what people see; errors are "
        "reported in sRGB either way",
    )
    max_iter: int | None = option(
        None, Integer(1), "largest number of k-means iterations in total", none="no limit"
    )
    tol: float | None = option(
        None,
        Number(0, 1),
        "stop when an iteration lowers the error by no more than this fraction; 0: when the centres stop "
        "moving",
        none="set by 'effort'",
    )
    seed: int = option(0, Integer(), "seed for the random draws of 'k-means++' and 'random'")
    order: Order = option(
        "given",
        Choice(get_args(Order)),
        "order of the palette; 'given' keeps the order of the source palette or, if there is none, sorts by "
        "lightness (in PNG files: whichever order compresses best); 'hue' puts greys first; a transparent "
        "entry always comes first",
    )
    dither: DitherName = option(
        "none",
        Choice(get_args(DitherName)),
        "error diffusion ('floyd-steinberg'), or a fixed threshold pattern, which does not flicker in "
        "animations: 'bayer' (8x8 pixels), 'bayer-4' (4x4), 'bayer-2' (2x2) or 'blue-noise' (64x64)",
    )
    dither_strength: float = option(1.0, Number(0, 1), "fraction of the error that dithering compensates")
    alpha: AlphaName = option(
        "keep",
        Choice(get_args(AlphaName)),
        "'hard' makes pixels opaque if their alpha is 128 or more, and fully transparent otherwise",
    )
    keep_hidden_rgb: bool = option(
        False,
        Flag(),
        "in still pictures, keep the colours of fully transparent pixels, which texture filters blend in; in "
        "an indexed picture they take up to 1/8 of the palette, or all free entries",
    )
    threads: int | None = option(
        None,
        Integer(1),
        "threads for one picture; affects speed only",
        none="one per core, or 1 if several files are processed at once",
        limit=True,
    )

    def __init__(self, colors: int = MAX_COLORS, **options: Unpack[Options]) -> None:
        check_names(type(self).__name__, options, OPTIONS)
        given = {"colors": colors, **options}
        for entry in fields(Settings):
            object.__setattr__(self, entry.name, given.get(entry.name, entry.default))
        check_all(self, OPTIONS)
        opaque = self.palette is None or any(len(color) == 3 or color[3] == 255 for color in self.palette)
        if self.alpha == "hard" and not opaque:
            raise ValueError(
                "alpha='hard' needs an opaque colour, but the palette has none; add one or use alpha='keep'"
            )
        if self.fixed is not None and self.palette is not None:
            # Adding colours to a given palette would move its indices.
            raise ValueError(
                "palette and fixed exclude each other; add the fixed colours to the palette, or leave out one"
            )
        if self.fixed is not None and len(self.fixed) > self.colors:
            raise ValueError(
                f"fixed has {len(self.fixed)} colours, more than colors={self.colors}; "
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
