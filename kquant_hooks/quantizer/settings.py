"""The one list of options: names, defaults, ranges and descriptions.

The filter's arguments, the command's flags and the README's table are made from ``Settings``; an option
added here appears in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal

from kquant_hooks.quantizer.palette import MAX_COLORS, Palette

Init = Literal["wu", "k-means++", "random"]
EffortName = Literal["fast", "balanced", "best"]
Order = Literal["given", "lightness", "population"]


@dataclass(frozen=True, slots=True)
class Option:
    """What one option accepts.

    Attributes
    ----------
    kind : {"integer", "number", "choice", "palette"}
    help : str
        What it does, in one phrase.
    low, high : int, optional
        Inclusive range of a number; no upper end where ``high`` is None.
    choices : tuple of str
        What a choice may be.
    optional : bool
        Whether None is allowed.
    """

    kind: Literal["integer", "number", "choice", "palette"]
    help: str
    low: int = 0
    high: int | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False

    def accepts(self) -> str:
        """The accepted values in words."""
        if self.kind == "choice":
            words = " | ".join(self.choices)
        elif self.kind == "palette":
            words = "a Palette"
        else:
            words = f"an integer from {self.low}" if self.kind == "integer" else f"a number from {self.low}"
            words += "" if self.high is None else f" to {self.high}"
        return words + (", or None" if self.optional else "")

    def parse(self, text: str) -> Any:
        """A value from the text of a flag, for ``check``; text that is no number is left as it is."""
        if self.optional and text.lower() == "none":
            return None
        if self.kind == "palette":
            return Palette(text.split(","))
        try:
            return {"integer": int, "number": float}.get(self.kind, str)(text)
        except ValueError:
            return text

    def check(self, name: str, value: object) -> Any:
        """``value`` in its canonical type; ValueError with the value and what is accepted otherwise."""
        if value is None and self.optional:
            return None
        if self.kind == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if self.kind == "palette" and isinstance(value, Palette):
            return value
        if self.kind in ("integer", "number") and not isinstance(value, bool):
            number: int | float | None = None
            if isinstance(value, Integral):
                number = int(value)
            elif self.kind == "number" and isinstance(value, Real):
                number = float(value)
            if number is not None and self.low <= number <= (number if self.high is None else self.high):
                return number
            if number is not None and self.high is not None:
                raise ValueError(f"{name}={value!r} is outside {self.low}..{self.high}")
        raise ValueError(f"{name}={value!r} is not {self.accepts()}")


def _option(default: Any, *, positional: bool = False, **description: Any) -> Any:
    return field(default=default, kw_only=not positional, metadata={"option": Option(**description)})


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """How to quantize: validated, immutable, hashable.

    Every field is described in ``OPTIONS``; the README's table is made from it.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range; the message names the value and the range.
    """

    colors: int = _option(
        256,
        positional=True,
        kind="integer",
        low=1,
        high=MAX_COLORS,
        help="largest number of colours; a fully transparent one counts",
    )
    palette: Palette | None = _option(
        None,
        kind="palette",
        optional=True,
        help="map to these colours instead of learning some; 'colors' is then not used",
    )
    init: Init = _option(
        "wu",
        kind="choice",
        choices=("wu", "k-means++", "random"),
        help="first centres: 'wu' is followed by the full search, the two random ones by plain k-means",
    )
    effort: EffortName = _option(
        "balanced",
        kind="choice",
        choices=("fast", "balanced", "best"),
        help="how long to search for a lower error",
    )
    max_iter: int | None = _option(
        None,
        kind="integer",
        low=1,
        optional=True,
        help="most k-means iterations in all; None: no limit",
    )
    tol: float | None = _option(
        None,
        kind="number",
        high=1,
        optional=True,
        help="stop when an iteration lowers the error by no more than this share of it; "
        "0: when the centres stand still; None: as 'effort' says",
    )
    seed: int = _option(0, kind="integer", help="start of the random draws of 'k-means++' and 'random'")
    order: Order = _option(
        "given",
        kind="choice",
        choices=("given", "lightness", "population"),
        help="order of the palette; 'given' keeps the order of a palette or 'P' image, "
        "and is 'lightness' where there is none; transparent comes first",
    )

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            object.__setattr__(self, name, option.check(name, getattr(self, name)))

    def __repr__(self) -> str:
        shown = [f"colors={self.colors}"]
        for entry in fields(Settings):
            value = getattr(self, entry.name)
            if entry.name != "colors" and value != entry.default:
                shown.append(f"{entry.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


OPTIONS: dict[str, Option] = {entry.name: entry.metadata["option"] for entry in fields(Settings)}


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
