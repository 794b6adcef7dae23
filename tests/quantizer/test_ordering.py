"""The order of palette entries around the colour circle."""

from __future__ import annotations

import colorsys

from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import Palette, quantize

WHEEL = ["#ff0000", "#800000", "#ffff00", "#00ff00", "#004000", "#00ffff", "#0000ff", "#ff00ff"]
GREYS = ["#000000", "#808080", "#ffffff"]


def test_greys_come_first_and_shades_of_a_hue_from_dark_to_light():
    image = Image.new("RGB", (11, 1))
    image.putdata([tuple(bytes.fromhex(color[1:])) for color in [*WHEEL[::2], *GREYS, *WHEEL[1::2]]])
    expected = ["#800000", "#ff0000", "#ffff00", "#004000", "#00ff00", "#00ffff", "#0000ff", "#ff00ff"]
    result = quantize(image, 11, order="hue")
    assert result.palette.hex() == (*GREYS, *expected)
    assert result.image.convert("RGB").tobytes() == image.tobytes()
    assert quantize(image, palette=Palette(WHEEL + GREYS), order="hue").palette.hex() == (*GREYS, *expected)


def test_hues_of_a_photo_rise():
    result = quantize(draw_photo(160, 120), 64, order="hue")
    hues = [colorsys.rgb_to_hsv(*color)[0] * 360 for color in result.palette if max(color) - min(color) >= 16]
    steps = [int((hue + 7) % 360) // 15 for hue in hues]
    assert steps == sorted(steps)
    assert result.mse == quantize(draw_photo(160, 120), 64).mse


def test_transparency_comes_before_all():
    result = quantize(draw_translucent(), 16, order="hue")
    assert result.palette.hex()[0] == "#00000000"
    assert quantize(Image.linear_gradient("L"), 5, order="hue").palette == (
        quantize(Image.linear_gradient("L"), 5, order="lightness").palette
    )
