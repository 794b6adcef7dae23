"""What may be done to a file, and when it is left alone: the second list of options beside ``Settings``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kquant_hooks.formats.table import written_formats
from kquant_hooks.options.kinds import Option, check_all, option, options_of
from kquant_hooks.options.limits import MOST_OF_ALL, MOST_OF_ONE
from kquant_hooks.options.settings import OPTIONS, Settings

# A number of colours that is found for each picture.
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Policy:
    """The gates and the form of what is written: validated, immutable, hashable.

    Every field but the last is described in ``POLICY_OPTIONS``; flags and configuration are made from it.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range, or if the smallest palette is asked for without
        saying what it has to meet.
    """

    min_savings: int | str = option(
        0,
        kind="savings",
        help="leave a file alone unless it gets smaller by so much; 0: no matter, as the palette is the rule",
    )
    max_error: float | None = option(
        None,
        kind="number",
        optional=True,
        help="leave a file alone if its mean squared error, before dithering, would be higher",
    )
    min_psnr: float | None = option(
        None,
        kind="number",
        optional=True,
        help="leave a file alone if its PSNR in decibels, before dithering, would be lower",
    )
    strip: bool = option(
        False,
        kind="flag",
        help="drop EXIF, XMP, texts and dates; what says how to show the picture stays",
    )
    format: str = option(
        "same",
        kind="choice",
        choices=("same", *(row.name.lower() for row in written_formats())),
        help="format of new files; 'same': as their names say, and PNG for what cannot hold a palette",
    )
    max_pixels: int | None = option(
        None,
        kind="integer",
        low=1,
        optional=True,
        limit=True,
        help="refuse files with more pixels, those of all frames or pages together; None: "
        f"{MOST_OF_ONE} in one, and {MOST_OF_ALL} together",
    )
    timeout: float = option(
        300.0,
        kind="duration",
        low=1,
        limit=True,
        help="give a file up whose decoding or quantizing takes longer",
    )
    max_memory: int | None = option(
        4 << 30,
        kind="size",
        low=64 << 20,
        optional=True,
        limit=True,
        help="give a file up that takes more memory, where the system is Linux; None: no limit",
    )
    auto_colors: bool = False

    def __post_init__(self) -> None:
        check_all(self, POLICY_OPTIONS)
        if self.auto_colors and self.max_error is None and self.min_psnr is None:
            raise ValueError("colors='auto' needs a max-error or a min-psnr to meet")

    @property
    def is_gate(self) -> bool:
        """Whether a file may be left alone for what it would become."""
        return bool(self.min_savings) or self.max_error is not None or self.min_psnr is not None

    def is_met_by(self, mse: float, psnr: float) -> bool:
        """Whether the error is low enough."""
        return (self.max_error is None or mse <= self.max_error) and (
            self.min_psnr is None or psnr >= self.min_psnr
        )

    def least_savings(self, size: int) -> float:
        """Bytes that a file of ``size`` bytes has to lose, or else it is left alone; 0: no matter."""
        if isinstance(self.min_savings, str):
            return size * float(self.min_savings.rstrip("%")) / 100
        return self.min_savings


POLICY_OPTIONS: dict[str, Option] = options_of(Policy)


def recipe(values: Mapping[str, Any]) -> tuple[Settings, Policy]:
    """What to do with a file, from the options that are given; the others have their defaults.

    Raises
    ------
    ValueError
        As ``Settings`` and ``Policy`` do.
    """
    # A palette leaves no number of colours to be found.
    automatic = values.get("colors") == AUTO and values.get("palette") is None
    chosen = {name: value for name, value in values.items() if name in OPTIONS}
    if values.get("colors") == AUTO:
        del chosen["colors"]
    gates = {name: value for name, value in values.items() if name in POLICY_OPTIONS}
    return Settings(**chosen), Policy(**gates, auto_colors=automatic)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Options of two places, the second of which has the say.

    A number of colours, or some that are fixed, and a palette are two answers to one question: who gives the
    first without the second takes the palette away.
    """
    kept = dict(below)
    if "colors" in above or "fixed" in above:
        kept.pop("palette", None)
    return kept | dict(above)
