"""sRGB: levels as they are stored.

With alpha the squared distance is the mean of what is seen over black and over white. That is the distance
between the colours as seen over the grey between these, and between their alphas, where alpha counts
``sqrt(3) / 2`` as much as a channel. This is 221 / 255, to within a thousandth.
"""

from __future__ import annotations

from kquant_hooks.clustering.arrays import Floats, Integers, exact_dtype
from kquant_hooks.quantizer.spaces.space import ColorSpace


def coords_of(colors: Integers) -> Floats:
    """The levels themselves, channel by channel in memory, as most of the work goes."""
    return colors.astype(exact_dtype(8 * colors.dtype.itemsize, colors.shape[1]), order="F")


def rgb_of(levels: Floats) -> Floats:
    """The levels themselves."""
    return levels


SPACE = ColorSpace(
    name="srgb",
    coords_of=coords_of,
    rgb_of=rgb_of,
    rgb_only=False,
    parts=1,
    # Half levels, as the middle between black and white is one.
    alpha_parts=2,
    zero=(127.5, 127.5, 127.5),
    alpha_levels=221,
)
