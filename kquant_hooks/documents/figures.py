"""What was measured when a file was quantized."""

from __future__ import annotations

from dataclasses import dataclass

from kquant_hooks.palettes.palette import Palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a quantized file.

    Attributes
    ----------
    colors_before : int
        Distinct colours over all frames as they are seen; fully transparent pixels are one.
    frames : int
        Frames that viewers show, or pages.
    palette : Palette
        The colours of the result.
    mse, psnr : float
        Over all pixels of all frames as they are seen, before dithering; see ``Quantized``.
    """

    colors_before: int
    frames: int
    palette: Palette
    mse: float
    psnr: float
