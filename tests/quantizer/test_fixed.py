"""Fixed colours: each is in the palette once, as given, and the others are learned around them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import colors_of, premultiplied, slow_nearest
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.cli import main

BRAND = Palette(["#ff00ff", "#ffffff", "#123456"])


@pytest.mark.parametrize("effort", ["fast", "balanced", "best"])
@pytest.mark.parametrize("init", ["wu", "k-means++", "random"])
@pytest.mark.parametrize("colors", [3, 4, 20, 256])
def test_every_picture_has_them(effort, init, colors):
    result = quantize(draw_photo(), colors, fixed=BRAND, effort=effort, init=init, seed=4)
    found = result.palette.hex()
    assert set(BRAND.hex()) <= set(found)
    assert len(set(found)) == len(found) == colors
    # Every pixel has its nearest entry.
    points, entries = premultiplied(draw_photo()), result.palette.colors
    shown = premultiplied(result.image.convert("RGB"))
    assert np.array_equal(entries[slow_nearest(points, entries)], shown)


def test_the_others_are_learned_around_them():
    """If the fixed colours suit the picture, the error is about as low as without them."""
    image = draw_photo(160, 120)
    free = quantize(image, 24)
    fixed = Palette(list(free.palette)[::3])
    result = quantize(image, 24, fixed=fixed)
    assert result.mse < 1.02 * free.mse
    # It is lower than that of learning only the others.
    others = quantize(image, 24 - len(fixed)).palette
    assert result.mse < quantize(image, palette=Palette([*fixed, *others])).mse


def test_colours_far_from_a_fixed_one_get_others_than_that():
    """Eight free entries and a fixed one are nearly as good as eight free entries alone."""
    image = draw_photo(160, 120)
    result = quantize(image, 9, fixed=Palette(["#808080"]))
    assert result.mse < 1.02 * quantize(image, 8).mse


@pytest.mark.parametrize("colors", [4, 12, 60])
def test_with_alpha(colors):
    image = draw_translucent(96, 64)
    result = quantize(image, colors, fixed=BRAND)
    assert {color + "ff" for color in BRAND.hex()} <= set(result.palette.hex())
    assert len(set(result.palette)) == len(result.palette) <= colors
    before, after = (np.asarray(part.convert("RGBA"))[..., 3] for part in (image, result.image))
    assert (after[before == 255] == 255).all()
    assert (after[before == 0] == 0).all()


def test_translucent_and_transparent_ones():
    fixed = Palette(["#ff000080", "#00ff0000"])
    result = quantize(draw_translucent(96, 64), 9, fixed=fixed)
    assert set(fixed.hex()) <= set(result.palette.hex())
    assert sum(color[3] == 0 for color in result.palette) == 1
    opaque = quantize(draw_photo(), 9, fixed=fixed)
    assert set(fixed.hex()) <= set(opaque.palette.hex())
    assert len(opaque.palette) == 9
    assert "transparency" in opaque.image.info


def test_given_twice_they_are_there_once():
    result = quantize(draw_photo(), 5, fixed=Palette(["#fff", "#fff", "#f0f"]))
    assert sorted(result.palette.hex()).count("#ffffff") == 1
    assert len(result.palette) == 5


def test_a_picture_of_few_colours_keeps_them_and_the_fixed_ones():
    image = quantize(draw_photo(), 5).image.convert("RGB")
    result = quantize(image, 8, fixed=BRAND)
    assert result.mse == 0
    assert {tuple(color) for color in result.palette} == colors_of(image) | set(BRAND)
    # Without room for all, some of the picture's colours are dropped.
    assert quantize(image, 7, fixed=BRAND).mse > 0
    assert set(BRAND) <= set(quantize(image, 7, fixed=BRAND).palette)


def test_a_colour_that_is_fixed_stays_itself():
    image = draw_photo()
    image.paste((255, 0, 255), (3, 3, 9, 9))
    result = quantize(image, 6, fixed=BRAND).image.convert("RGB")
    assert colors_of(result.crop((3, 3, 9, 9))) == {(255, 0, 255)}


def test_their_order_is_the_one_that_is_given():
    image = draw_photo()
    assert quantize(image, 9, fixed=BRAND).palette.hex()[:3] == BRAND.hex()
    by_lightness = quantize(image, 9, fixed=BRAND, order="lightness").palette.colors @ [299, 587, 114]
    assert (np.diff(by_lightness) >= 0).all()
    translucent = quantize(draw_translucent(), 9, fixed=BRAND).palette.hex()
    assert translucent[0] == "#00000000"
    assert translucent[1:4] == tuple(color + "ff" for color in BRAND.hex())


def test_the_filter():
    image = draw_photo().filter(KMeansQuantize(5, fixed=Palette(["#0f0"])))
    assert len(colors_of(image)) <= 5
    grey = Image.linear_gradient("L")
    with pytest.raises(
        ValueError, match="mode 'L' images cannot show the palette's colours; convert to 'RGB'"
    ):
        grey.filter(KMeansQuantize(5, fixed=Palette(["#030"])))
    assert grey.filter(KMeansQuantize(5, fixed=Palette(["#333"]))).getpixel((0, 51)) == 51


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colors": 2, "fixed": BRAND}, "fixed has 3 colours, more than colors=2; use colors=3"),
        ({"fixed": 7}, "fixed=7: expected a Palette, a list of colours or a palette file, or None"),
    ],
)
def test_what_does_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        KMeansQuantize(**options)


def test_transparency_needs_room_as_well():
    with pytest.raises(
        ValueError, match="colors=3 leaves no room for 3 fixed colours, transparent pixels and"
    ):
        quantize(draw_translucent(), 3, fixed=BRAND)


def test_ways_to_give_them(tmp_path, monkeypatch):
    expected = quantize(draw_photo(), 8, fixed=BRAND)
    monkeypatch.chdir(tmp_path)
    BRAND.save("brand.hex")
    for given in (list(BRAND.hex()), list(BRAND), "brand.hex", tmp_path / "brand.hex"):
        assert quantize(draw_photo(), 8, fixed=given).image.tobytes() == expected.image.tobytes()
    with pytest.raises(ValueError, match="fixed: '#12' is not a hex colour"):
        quantize(draw_photo(), 8, fixed=["#12"])


def test_in_a_configuration(tmp_path, capsys):
    """A folder with a rule, and the hook that applies it."""
    (tmp_path / ".kquant.yaml").write_text("colors: 6\nfixed: ['#ff00ff', '#ffffff']\n", encoding="utf-8")
    path = tmp_path / "hero.png"
    draw_photo().save(path)
    assert main(["hook", str(path)]) == 1
    with Image.open(path) as image:
        levels = image.getpalette()
        assert (levels[:6], len(levels)) == ([255, 0, 255, 255, 255, 255], 18)
    assert main(["hook", str(path)]) == 0


def test_opaque_pixels_keep_an_opaque_entry():
    image = Image.new("RGBA", (5, 1))
    image.putdata([(0, 0, 0, 0), (9, 9, 9, 100), (200, 10, 10, 255), (10, 200, 10, 255), (1, 2, 250, 255)])
    with pytest.raises(
        ValueError, match=r"colors=2 leaves no room for 1 fixed colours.*use colors=3 or more"
    ):
        quantize(image, 2, fixed=["#ff00ff80"])
    for colors in (3, 4, 5, 6):
        result = quantize(image, colors, fixed=["#ff00ff80"])
        alpha = np.asarray(result.image.convert("RGBA"))[0, :, 3]
        assert (alpha[2:] == 255).all()
        assert alpha[0] == 0


def test_they_come_first_in_indexed_pictures_too():
    image = draw_photo().quantize(32)
    assert quantize(image, 8, fixed=BRAND).palette.hex()[:3] == BRAND.hex()


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_file_within_its_limit_is_left_alone(tmp_path, mode, capsys):
    image = quantize(draw_photo(), 30).image.convert("RGB")
    path = tmp_path / "a.png"
    (image.quantize(30) if mode == "P" else image).save(path)
    before = path.read_bytes()
    command = ["quantize", str(path), "-c", "32", "--fixed", "#123456,#654321,#abcdef,#fedcba"]
    assert main([*command, "--in-place"]) == 0
    assert path.read_bytes() == before
    # A new file has the fixed colours.
    assert main([*command, "-o", str(tmp_path / "b.png")]) == 0
    assert {(0x12, 0x34, 0x56), (0xFE, 0xDC, 0xBA)} <= set(Palette.load(tmp_path / "b.png"))


def test_a_rule_with_fixed_colours_overrides_the_top_level_palette(tmp_path, capsys):
    (tmp_path / ".kquant.yaml").write_text(
        "palette: ['#000', '#fff']\nrules:\n- files: a.png\n  fixed: '#ff00ff'\n  colors: 9\n- files: b.png\n"
        "  fixed: ['#ff00ff']\n",
        encoding="utf-8",
    )
    for name in ("a.png", "b.png", "c.png"):
        draw_photo().save(tmp_path / name)
        assert main(["hook", str(tmp_path / name)]) == 1
    counts = {name: len(Palette.load(tmp_path / name)) for name in ("a.png", "b.png", "c.png")}
    assert counts == {"a.png": 9, "b.png": 256, "c.png": 2}
