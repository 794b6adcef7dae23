"""What became of one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kquant_hooks.quantizer.palette import Palette


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file quantized.

    Attributes
    ----------
    source, target : Path
    bytes_before, bytes_after : int
    colors_before : int
        Distinct colours of the source.
    palette : Palette
        The colours of the target.
    psnr : float
        In decibels; infinite where no pixel changed.
    """

    source: Path
    target: Path
    bytes_before: int
    bytes_after: int
    colors_before: int
    palette: Palette
    psnr: float
