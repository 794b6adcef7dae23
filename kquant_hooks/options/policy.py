"""The list of options for files: when one is left alone, and how results are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from kquant_hooks.formats.table import written_formats
from kquant_hooks.options.kinds import Choice, Flag, Integer, Number
from kquant_hooks.options.limits import MOST_OF_ALL, MOST_OF_ONE
from kquant_hooks.options.option import Option, check_all, option, options_of
from kquant_hooks.options.quantities import Duration, Savings, Size
from kquant_hooks.options.settings import OPTIONS, Settings

# A number of colours that is chosen for each picture; the format that a file has already.
AUTO, SAME = "auto", "same"


class PolicyOptions(TypedDict, total=False):
    """Keyword arguments of the functions that write files, as type checkers see them; see ``Policy``."""

    min_savings: int | str
    max_error: float | None
    min_psnr: float | None
    strip: bool
    format: str
    max_pixels: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a file is left alone, and how results are written: validated, immutable, hashable.

    ``POLICY_OPTIONS`` describes every field except the last; flags and configuration are made from it.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range, or if the smallest palette is wanted without a
        limit for it to meet.
    """

    min_savings: int | str = option(
        0, Savings(), "rewrite a file only if it becomes at least this much smaller; 0: whatever its new size"
    )
    max_error: float | None = option(
        None,
        Number(),
        "leave a file alone if its mean squared error, before dithering, would be higher than this",
        none="no limit",
    )
    min_psnr: float | None = option(
        None,
        Number(),
        "leave a file alone if its PSNR in decibels, before dithering, would be lower than this",
        none="no limit",
    )
    strip: bool = option(
        False, Flag(), "drop EXIF, XMP, texts and dates; keep what viewers need to show the picture"
    )
    format: str = option(
        SAME,
        Choice((SAME, *(row.name.lower() for row in written_formats()))),
        "format of new files; 'same': the format of their extension, or PNG if that format cannot hold a "
        "palette",
    )
    max_pixels: int | None = option(
        None,
        Integer(1),
        "refuse files with more pixels than this, counting all frames or pages",
        none=f"{MOST_OF_ONE} in one frame or page, {MOST_OF_ALL} in total",
        limit=True,
    )
    timeout: float = option(300.0, Duration(1), "give up on a file that takes longer than this", limit=True)
    max_memory: int | None = option(
        4 << 30,
        Size(64 << 20),
        "give up on a file that needs more memory than this (Linux only)",
        none="no limit",
        limit=True,
    )
    auto_colors: bool = False

    def __post_init__(self) -> None:
        check_all(self, POLICY_OPTIONS)
        if self.auto_colors and self.max_error is None and self.min_psnr is None:
            raise ValueError("colors='auto' needs a limit to meet; use max-error or min-psnr")

    @property
    def is_gate(self) -> bool:
        """Whether a file may be left alone because of its result."""
        return bool(self.min_savings) or self.max_error is not None or self.min_psnr is not None

    def is_met_by(self, mse: float, psnr: float) -> bool:
        """Whether the error is low enough."""
        return (self.max_error is None or mse <= self.max_error) and (
            self.min_psnr is None or psnr >= self.min_psnr
        )

    def least_savings(self, size: int) -> float:
        """By how many bytes a file of ``size`` bytes must shrink to be rewritten; 0: it may have any size."""
        if isinstance(self.min_savings, str):
            return size * float(self.min_savings.rstrip("%")) / 100
        return self.min_savings


POLICY_OPTIONS: dict[str, Option] = options_of(Policy)


def settings_and_policy(values: Mapping[str, Any]) -> tuple[Settings, Policy]:
    """Settings and policy for a file from the given options; the others have their defaults.

    Raises
    ------
    ValueError
        As ``Settings`` and ``Policy`` do.
    """
    # With a palette there is no number of colours to choose.
    automatic = values.get("colors") == AUTO and values.get("palette") is None
    chosen = {name: value for name, value in values.items() if name in OPTIONS}
    if values.get("colors") == AUTO:
        del chosen["colors"]
    gates = {name: value for name, value in values.items() if name in POLICY_OPTIONS}
    return Settings(**chosen), Policy(**gates, auto_colors=automatic)


def merged_options(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Options from two places; those in ``above`` override those in ``below``.

    A palette leaves nothing to ``colors`` and ``fixed``, so if one of them is in ``above``, it overrides a
    palette in ``below``; and a palette in ``above`` overrides fixed colours in ``below``.
    """
    kept = dict(below)
    if "colors" in above or "fixed" in above:
        kept.pop("palette", None)
    if above.get("palette") is not None:
        kept.pop("fixed", None)
    return kept | dict(above)
