from __future__ import annotations

import pickle

import numpy as np
import pytest

from kquant_hooks import Palette


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        (["#000000", "#FF8000"], ("#000000", "#ff8000")),
        (["f80", "#abcd"], ("#ff8800ff", "#aabbccdd")),
        ([(1, 2, 3), [4, 5, 6]], ("#010203", "#040506")),
        (np.array([[1, 2, 3, 255]]), ("#010203",)),
        ([(1, 2, 3, 4), "#fff"], ("#01020304", "#ffffffff")),
    ],
)
def test_ways_to_write_colours(colors, expected):
    assert Palette(colors).hex() == expected


@pytest.mark.parametrize(
    ("colors", "message"),
    [
        ([], "a palette has 1..256 colours, got 0"),
        (["#000"] * 257, "a palette has 1..256 colours, got 257"),
        (["#12"], "'#12' is not a hex colour"),
        (["red"], "'red' is not a hex colour"),
        ([(1, 2)], "expected 3 or 4 levels in 0..255"),
        ([(1, 2, 256)], "expected 3 or 4 levels in 0..255"),
        ([(1.5, 2, 3)], "is not a list of colours"),
        (7, "colors=7 is not a list of colours"),
    ],
)
def test_what_is_no_palette(colors, message):
    with pytest.raises(ValueError, match=message):
        Palette(colors)


def test_a_palette_is_an_ordered_value():
    palette = Palette(["#000", "#fff"])
    assert palette == Palette([(0, 0, 0), (255, 255, 255)])
    assert palette != Palette(["#fff", "#000"])
    assert len(palette) == 2
    assert list(palette) == [(0, 0, 0), (255, 255, 255)]
    assert palette.colors.tolist() == [[0, 0, 0], [255, 255, 255]]
    assert palette.colors.dtype == np.uint8
    assert eval(repr(palette)) == palette
    assert pickle.loads(pickle.dumps(palette)) == palette


def test_a_palette_cannot_be_changed():
    palette = Palette(["#000", "#fff"])
    palette.colors[0] = 9
    assert palette == Palette(["#000", "#fff"])
    with pytest.raises(AttributeError):
        palette._entries = ()
