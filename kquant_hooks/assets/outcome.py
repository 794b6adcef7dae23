"""What became of one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kquant_hooks.palettes.palette import Palette

Status = Literal["rewritten", "would-rewrite", "unchanged", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    path : Path
        The source.
    status : {"rewritten", "would-rewrite", "unchanged", "skipped", "failed"}
        "unchanged" is a file that is within its palette; "skipped" one that is left alone on purpose;
        "failed" one for which what was asked could not be done.
    reason : str
        One sentence for the last three, else empty.
    target : Path, optional
        The file written, or to be written; the source itself where it is rewritten in place.
    bytes_before, bytes_after : int
        0 where they are not known.
    colors_before : int
        Distinct colours over all frames; 0 where they were not counted.
    frames : int
        0 where they were not counted.
    palette : Palette, optional
        The colours of the target.
    mse, psnr : float, optional
        See ``Quantized``.
    """

    path: Path
    status: Status
    reason: str = ""
    target: Path | None = None
    bytes_before: int = 0
    bytes_after: int = 0
    colors_before: int = 0
    frames: int = 0
    palette: Palette | None = None
    mse: float | None = None
    psnr: float | None = None


def unwritten(outcome: Outcome, reason: str) -> Outcome:
    """What becomes of a result that could be made and not be written."""
    return replace(outcome, status="failed", reason=reason, bytes_after=0, palette=None, mse=None, psnr=None)
