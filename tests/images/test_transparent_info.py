"""Transparency in an image's ``info``: an index, a colour, a level, or nonsense."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import pixels_of
from PIL import Image

from kquant_hooks import quantize


def test_a_transparent_index_in_info_is_transparency(photo):
    image = photo.quantize(32)
    image.info["transparency"] = 7
    result = quantize(image, 8).image
    assert isinstance(result.info["transparency"], int)
    alpha = np.asarray(result.convert("RGBA"))[..., 3]
    assert np.array_equal(alpha == 0, np.asarray(image) == 7)


@pytest.mark.parametrize(("mode", "key"), [("RGB", (255, 0, 0)), ("L", 9)])
def test_a_transparent_colour_in_info_is_transparency(mode, key):
    image = Image.new(mode, (3, 1))
    image.putpixel((1, 0), key)
    image.info["transparency"] = key
    result = quantize(image, 2)
    assert [pixel[3] for pixel in pixels_of(result.image.convert("RGBA"))] == [255, 0, 255]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_a_transparent_level_of_16_bits_is_transparency(mode):
    levels = np.array([[0, 40000, 65535]], np.uint16)
    image = Image.frombytes(mode, (3, 1), levels.astype(">u2" if mode == "I;16B" else "<u2").tobytes())
    image.info["transparency"] = 65535
    assert pixels_of(quantize(image, 3).image.convert("RGBA"))[1:] == [(156, 156, 156, 255), (0, 0, 0, 0)]


@pytest.mark.parametrize("mode", ["P", "L", "1", "RGB", "I;16"])
@pytest.mark.parametrize("key", [None, 255, 256, -1, 70000, 1.5, "x", b"", b"\x00" * 300, (1,), (1.5, 2, 3)])
def test_damaged_statements_of_transparency_are_ignored(mode, key):
    image = Image.new(mode, (2, 2))
    if mode == "P":
        image.putpalette([1, 2, 3])
    image.info["transparency"] = key
    assert quantize(image, 4).image.size == (2, 2)
