"""Errors as they are reported: in sRGB, as seen."""

from __future__ import annotations

import math

import numpy as np

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.quantizer.histogram import Histogram

# Colours at a time, whose differences fit into the second-level cache.
_BLOCK = 1 << 14


def squared_errors(
    histogram: Histogram, entries: Integers, color_index: Integers | slice, labels: Integers
) -> Integers:
    """What pixels add to the squared error: int64, shape (n,).

    Colours with alpha are seen over black and over white, and the mean of both errors counts.

    Parameters
    ----------
    histogram : Histogram
    entries : ndarray, shape (k, d)
        Like the histogram's colours.
    color_index, labels : ndarray of int, shape (n,)
        The colour and the entry of each pixel; all colours may be given as a slice.

    Returns
    -------
    ndarray of int64
        In parts of a squared level: as many as ``error_scale`` says.
    """
    total = np.zeros(len(labels), np.int64)
    for start in range(0, len(labels), _BLOCK):
        part = slice(start, start + _BLOCK)
        colors = (
            histogram.colors[part] if isinstance(color_index, slice) else histogram.colors[color_index[part]]
        )
        _add_errors(total[part], colors, entries[labels[part]], alpha=histogram.alpha)
    return total


def _add_errors(total: Integers, colors: Integers, targets: Integers, *, alpha: bool) -> None:
    if not alpha:
        for channel in range(colors.shape[1]):
            error = colors[:, channel].astype(np.int64) - targets[:, channel]
            total += error * error
        return
    opacity, target_opacity = colors[:, 3].astype(np.int64), targets[:, 3].astype(np.int64)
    fainter = 255 * (opacity - target_opacity)
    for channel in range(3):
        over_black = colors[:, channel] * opacity - targets[:, channel] * target_opacity
        over_white = over_black - fainter
        total += over_black * over_black + over_white * over_white


def error_scale(histogram: Histogram) -> int:
    """How many parts one squared level has in ``squared_errors``."""
    return 2 * 255 * 255 if histogram.alpha else 1


def psnr_of(mse: float, channels: int, peak: int) -> float:
    """Peak signal-to-noise ratio in decibels; infinite where nothing changed."""
    return 10 * math.log10(peak * peak * channels / mse) if mse else math.inf
