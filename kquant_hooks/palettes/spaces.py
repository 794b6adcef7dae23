"""Colours of other spaces as 8-bit R, G, B; components run from 0 to 1, except for L*, a*, b*."""

from __future__ import annotations

from colorsys import hsv_to_rgb

# The white of the D50 light that Adobe's L*a*b* is for.
_WHITE = (0.9642, 1.0, 0.8251)
# From X, Y, Z under D50 to linear sRGB: Bradford's adaptation to D65, from http://www.brucelindbloom.com.
_TO_LINEAR = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def from_unit(*levels: float) -> tuple[int, ...]:
    """Levels from 0 to 1 as levels from 0 to 255; values outside are clipped."""
    return tuple(round(255 * min(max(level, 0.0), 1.0)) for level in levels)


def from_hsb(hue: float, saturation: float, brightness: float) -> tuple[int, ...]:
    """A colour by hue, saturation and brightness."""
    return from_unit(*hsv_to_rgb(hue, saturation, brightness))


def from_cmyk(cyan: float, magenta: float, yellow: float, black: float) -> tuple[int, ...]:
    """A colour by its inks, which are taken as ideal because palette files have no profile."""
    return from_unit(*((1 - ink) * (1 - black) for ink in (cyan, magenta, yellow)))


def from_lab(lightness: float, a: float, b: float) -> tuple[int, ...]:
    """A colour by CIE L* (0..100), a* and b* under D50; colours outside sRGB are clipped."""
    y = (min(max(lightness, 0.0), 100.0) + 16) / 116
    a, b = (min(max(part, -128.0), 128.0) for part in (a, b))
    xyz = [white * _cubed(part) for white, part in zip(_WHITE, (y + a / 500, y, y - b / 200), strict=True)]
    linear = (sum(weight * part for weight, part in zip(row, xyz, strict=True)) for row in _TO_LINEAR)
    return from_unit(*map(_companded, linear))


def _cubed(part: float) -> float:
    return part**3 if part > 6 / 29 else 3 * (6 / 29) ** 2 * (part - 4 / 29)


def _companded(level: float) -> float:
    level = min(max(level, 0.0), 1.0)
    return 12.92 * level if level <= 0.0031308 else 1.055 * level ** (1 / 2.4) - 0.055
