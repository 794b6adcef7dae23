"""Colours of other spaces as 8-bit R, G, B; components run from 0 to 1, except for L*, a*, b*."""

from __future__ import annotations

from colorsys import hsv_to_rgb

# White under a light, and from X, Y, Z under it to linear sRGB; http://www.brucelindbloom.com. Adobe's
# L*a*b* is for D50, with Bradford's adaptation; other programs compute it for D65, the light of sRGB.
_D50 = (0.9642, 1.0, 0.8251)
_D50_TO_LINEAR = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
_D65 = (0.95047, 1.0, 1.08883)
_D65_TO_LINEAR = (
    (3.2404542, -1.5371385, -0.4985314),
    (-0.9692660, 1.8760108, 0.0415560),
    (0.0556434, -0.2040259, 1.0572252),
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


def from_lab(lightness: float, a: float, b: float, *, under_d65: bool = False) -> tuple[int, ...]:
    """A colour by CIE L* (0..100), a* and b* under D50, or D65; colours outside sRGB are clipped."""
    white, to_linear = (_D65, _D65_TO_LINEAR) if under_d65 else (_D50, _D50_TO_LINEAR)
    y = (min(max(lightness, 0.0), 100.0) + 16) / 116
    a, b = (min(max(part, -128.0), 128.0) for part in (a, b))
    xyz = [full * _cubed(part) for full, part in zip(white, (y + a / 500, y, y - b / 200), strict=True)]
    linear = (sum(weight * part for weight, part in zip(row, xyz, strict=True)) for row in to_linear)
    return from_unit(*map(_companded, linear))


def _cubed(part: float) -> float:
    return part**3 if part > 6 / 29 else 3 * (6 / 29) ** 2 * (part - 4 / 29)


def _companded(level: float) -> float:
    level = min(max(level, 0.0), 1.0)
    return 12.92 * level if level <= 0.0031308 else 1.055 * level ** (1 / 2.4) - 0.055
