"""The figures that are measured while a file is quantized."""

from __future__ import annotations

from dataclasses import dataclass

from kquant_hooks.palettes.palette import Palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a quantized file.

    Attributes
    ----------
    colors_before : int
        The number of distinct colours over all frames as displayed; fully transparent pixels count as one.
    frames : int
        The number of displayed frames, or of pages.
    palette : Palette
        The colours of the result.
    mse, psnr : float
        Over all pixels of all frames as displayed, before dithering; see ``Quantized``.
    """

    colors_before: int
    frames: int
    palette: Palette
    mse: float
    psnr: float
