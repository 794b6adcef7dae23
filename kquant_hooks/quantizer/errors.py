"""Errors as they are reported: in sRGB, as seen."""

from __future__ import annotations

import math

import numpy as np

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.quantizer.histogram import Histogram

# How many colours are compared at a time, so that differences fit into the second-level cache.
_BLOCK = 1 << 14


def squared_errors(
    histogram: Histogram, entries: Integers, color_index: Integers | slice, labels: Integers
) -> Integers:
    """The squared error of each pixel: int64, shape (n,).

    With alpha it is the mean of the errors as seen over black and over white.

    Parameters
    ----------
    histogram : Histogram
    entries : ndarray, shape (k, d)
        Like the histogram's colours.
    color_index, labels : ndarray of int, shape (n,)
        The colour and the entry of each pixel; a slice stands for all colours in order.

    Returns
    -------
    ndarray of int64
        In parts of a squared level; ``error_scale`` is how many parts there are.
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
    alpha_loss = 255 * (opacity - target_opacity)
    for channel in range(3):
        over_black = colors[:, channel] * opacity - targets[:, channel] * target_opacity
        over_white = over_black - alpha_loss
        total += over_black * over_black + over_white * over_white


def error_scale(histogram: Histogram) -> int:
    """How many parts of ``squared_errors`` make one squared level."""
    return 2 * 255 * 255 if histogram.alpha else 1


def psnr_of(mse: float, channels: int, peak: int) -> float:
    """Peak signal-to-noise ratio in decibels; infinite if nothing changed."""
    return 10 * math.log10(peak * peak * channels / mse) if mse else math.inf
