from __future__ import annotations

import pickle

import numpy as np
import pytest
from helpers import pixels_of

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
def test_what_is_not_a_palette(colors, message):
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


def test_names_are_ignored():
    named = Palette(["#000", "#fff"], ["Ink", ""])
    assert named.names == ("Ink", "")
    assert Palette(["#000", "#fff"]).names == ("", "")
    assert named == Palette(["#000", "#fff"])
    assert hash(named) == hash(Palette(["#000", "#fff"]))
    assert repr(named) == repr(Palette(["#000", "#fff"]))
    assert pickle.loads(pickle.dumps(named)).names == named.names


def test_names_are_one_line_that_prints():
    assert Palette(["#000"], [" a\n b\x1b[2J\u202e\ud800 Größe \U0001f3a8"]).names == (
        "a b [2J Größe \U0001f3a8",
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["one"], "expected 2 names, one per colour, got 1; use '' for colours without one"),
        ([None, ""], "None is not a valid colour name; expected a string of up to 255 characters"),
        (["", 256 * "x"], "'xxx.*x is not a valid colour name; expected a string of up to 255 characters"),
    ],
)
def test_invalid_names(names, message):
    with pytest.raises(ValueError, match=message):
        Palette(["#000", "#fff"], names)


def test_a_picture_of_a_palette():
    image = Palette(["#ff8000", "#010203"]).to_image(2)
    assert (image.mode, image.size) == ("RGB", (4, 2))
    assert pixels_of(image) == 2 * (2 * [(255, 128, 0)] + 2 * [(1, 2, 3)])
    assert Palette(["#000"]).to_image().size == (32, 32)
    translucent = Palette(["#ff800080", "#010203"]).to_image(1)
    assert (translucent.mode, pixels_of(translucent)) == ("RGBA", [(255, 128, 0, 128), (1, 2, 3, 255)])


def test_a_picture_has_rows_of_sixteen():
    colors = [(level, 0, 0) for level in range(18)]
    image = Palette(colors).to_image(1)
    assert image.size == (16, 2)
    assert pixels_of(image) == colors + 14 * colors[-1:]


@pytest.mark.parametrize("cell", [0, 257, 1.5, "2"])
def test_cells_have_a_size(cell):
    with pytest.raises(ValueError, match=f"cell={cell!r}: expected an integer from 1 to 256"):
        Palette(["#000"]).to_image(cell)


def test_notebooks_show_colours_and_escape_names():
    html = Palette(["#ff8000", "#0000"], ['"><script>alert(1)</script>', ""])._repr_html_()
    assert 'title="#ff8000ff &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in html
    assert "background:#00000000" in html
    assert "<script" not in html
