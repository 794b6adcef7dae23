"""``quantize``: the indexed image and its figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers import colors_of, premultiplied, slow_nearest, squared_error
from photos import draw_photo
from PIL import Image

from kquant_hooks import Palette, quantize
from kquant_hooks.images.modes import MODES

INDEXABLE = [name for name, mode in MODES.items() if mode.indexable]


@pytest.mark.parametrize("colors", [1, 2, 5, 16, 64, 256])
def test_every_pixel_gets_its_nearest_entry_and_every_entry_is_used(photo, colors):
    result = quantize(photo, colors)
    entries = result.palette.colors
    assert len(entries) == colors
    assert len({tuple(entry) for entry in entries.tolist()}) == colors
    indices = np.asarray(result.image).reshape(-1)
    assert set(indices.tolist()) == set(range(colors))
    assert np.array_equal(indices, slow_nearest(premultiplied(photo), entries))


@pytest.mark.parametrize("kind", ["photo", "translucent"])
def test_figures_are_those_of_the_pixels(kind, request):
    image = request.getfixturevalue(kind)
    result = quantize(image, 12)
    shown = result.image.convert(image.mode)
    assert result.mse == pytest.approx(squared_error(image, shown), rel=1e-9)
    assert result.psnr == pytest.approx(10 * math.log10(255**2 * 3 / result.mse))
    visible = {pixel for pixel in colors_of(image) if len(pixel) == 3 or pixel[3]}
    assert result.colors_before == len(visible) + (kind == "translucent")
    assert result.iterations > 0
    assert result.converged


def test_few_colours_are_kept_and_nothing_is_learned():
    image = Image.new("RGB", (8, 8), "#102030")
    image.putpixel((3, 3), (200, 100, 0))
    result = quantize(image, 16)
    assert result.image.convert("RGB").tobytes() == image.tobytes()
    assert (result.mse, result.psnr, result.iterations, result.converged) == (0, math.inf, 0, True)
    assert result.palette == Palette(["#102030", "#c86400"])


@pytest.mark.parametrize("mode", INDEXABLE)
def test_every_indexable_mode_gives_an_indexed_image(mode, photo):
    image = Image.new(mode, (4, 3)) if mode.startswith("I;16") else photo.convert(mode)
    result = quantize(image, 6)
    assert result.image.mode == "P"
    assert result.image.size == image.size
    assert len(result.palette) <= 6


@pytest.mark.parametrize("mode", [name for name in MODES if name not in INDEXABLE])
def test_other_modes_are_refused(mode):
    with pytest.raises(
        ValueError, match=f"a palette cannot hold mode '{mode}' images; convert to 'RGB' first"
    ):
        quantize(Image.new(mode, (2, 2)), 2)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    levels = np.array([[0, 257, 32896, 65535]], np.uint16)
    result = quantize(Image.frombytes("I;16", (4, 1), levels.tobytes()), 4)
    assert result.palette.hex() == ("#000000", "#010101", "#808080", "#ffffff")


def test_an_empty_image_has_no_palette():
    result = quantize(Image.new("RGB", (0, 5)), 3)
    assert result.image.size == (0, 5)
    assert result.palette is None
    assert result.colors_before == 0


def test_order_by_lightness_is_the_default(photo):
    entries = quantize(photo, 16).palette.colors.astype(int)
    luma = entries @ np.array([299, 587, 114])
    assert (np.diff(luma) >= 0).all()


def test_order_by_population(photo):
    result = quantize(photo, 16, order="population")
    populations = np.bincount(np.asarray(result.image).reshape(-1))
    assert (np.diff(populations) <= 0).all()


@pytest.mark.parametrize("seed", range(40))
def test_order_by_population_where_ties_are_common(seed):
    pixels = np.random.default_rng(seed).integers(0, 4, (9, 5, 3), dtype=np.uint8)
    result = quantize(Image.fromarray(pixels), 8, order="population")
    populations = np.bincount(np.asarray(result.image).reshape(-1))
    assert len(populations) == len(result.palette)
    assert populations.all()
    assert (np.diff(populations) <= 0).all()


def test_transparent_comes_first(translucent):
    for order in ("given", "lightness", "population"):
        result = quantize(translucent, 9, order=order)
        assert result.palette.hex()[0] == "#00000000"


def test_p_keeps_the_order_of_its_palette():
    image = Image.new("P", (4, 1))
    image.putpalette([250, 250, 250, 0, 0, 0, 120, 0, 0, 121, 0, 0])
    image.putdata([0, 1, 2, 3])
    assert quantize(image, 4).palette.hex() == ("#fafafa", "#000000", "#780000", "#790000")
    assert quantize(image, 3).palette.hex() == ("#fafafa", "#000000", "#780000")
    assert quantize(image, 3, order="lightness").palette.hex() == ("#000000", "#780000", "#fafafa")


def test_a_given_palette_is_kept_whole_and_in_order(photo):
    palette = Palette(["#ffffff", "#00ff00", "#000000", "#00ff01"])
    assert quantize(photo, palette=palette).palette == palette
    ordered = quantize(photo, palette=palette, order="lightness").palette
    assert ordered.hex() == ("#000000", "#00ff00", "#00ff01", "#ffffff")


def test_transparent_comes_first_whatever_colour_it_hides(photo):
    palette = Palette(["#000000", "#ffffff00", "#808080"])
    assert quantize(photo, palette=palette, order="lightness").palette.hex()[0] == "#ffffff00"


@pytest.mark.parametrize("init", ["wu", "k-means++", "random"])
def test_places_of_equal_entries_are_given_to_other_colours(init):
    # The colours are so faint that most of them, premultiplied, differ only in the last digits.
    pixels = np.random.default_rng(22).integers(0, 6, (18, 18, 4), dtype=np.uint8)
    pixels[..., 3] = pixels[..., 3] % 3 + 1
    image = Image.fromarray(pixels)
    for colors in (100, 170, 240):
        assert len(quantize(image, colors, init=init).palette) == colors


def test_a_given_palette_gets_a_transparent_entry_where_it_is_needed(translucent):
    result = quantize(translucent, palette=Palette(["#fff", "#000"]))
    assert result.palette.hex() == ("#00000000", "#ffffffff", "#000000ff")
    full = Palette([(level, 0, 0) for level in range(256)])
    with pytest.raises(ValueError, match="256 colours leave no room for the transparent pixels"):
        quantize(translucent, palette=full)


def test_equal_distances_go_to_the_lowest_index():
    image = Image.new("RGB", (1, 1), (10, 10, 10))
    for colors in (["#080808", "#0c0c0c"], ["#0c0c0c", "#080808"]):
        assert quantize(image, palette=Palette(colors)).image.getpixel((0, 0)) == 0


def test_a_few_opaque_pixels_of_many_colours_get_their_share():
    """One row of a gradient is opaque; it is mapped only to opaque entries, and needs several of them."""
    ramp = Image.linear_gradient("L")
    full = Image.new("L", ramp.size, 255)
    image = Image.merge("HSV", [ramp.rotate(90), full, full]).convert("RGB")
    image.putalpha(ramp)
    result = quantize(image, 256)
    assert sum(color[3] == 255 for color in result.palette) > 5
    # 303 with a single opaque entry.
    assert squared_error(image, result.image) < 200


def test_translucent_entries_are_saved_to_png(translucent, tmp_path):
    result = quantize(translucent, 20).image
    result.save(tmp_path / "t.png")
    with Image.open(tmp_path / "t.png") as reopened:
        assert reopened.mode == "P"
        assert reopened.convert("RGBA").tobytes() == result.convert("RGBA").tobytes()


def test_metadata_stays_and_statements_about_indices_go(photo):
    image = photo.quantize(32)
    image.info.update(dpi=(72, 72), background=3)
    info = quantize(image, 4).image.info
    assert info == {"dpi": (72, 72)}


def test_larger_effort_gives_no_larger_error():
    photo = draw_photo(240, 160)
    errors = [quantize(photo, 32, effort=effort).mse for effort in ("fast", "balanced", "best")]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("init", ["wu", "k-means++", "random"])
def test_max_iter_limits_all_iterations(photo, init):
    for limit in (1, 3, 10):
        result = quantize(photo, 16, init=init, max_iter=limit, tol=0)
        assert result.iterations <= limit
        assert not result.converged
    assert quantize(photo, 16, init=init).converged


def test_dark_picture_with_one_bright_pixel_is_resolved():
    # A uniform grid over the range would put all dark colours into a few cells.
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 12, (64, 64, 3), dtype=np.uint8)
    pixels[0, 0] = 255
    result = quantize(Image.fromarray(pixels), 64)
    assert len(result.palette) == 64
    assert result.mse < 8


@pytest.mark.parametrize(("levels", "outlier"), [(256, False), (41, False), (41, True)])
def test_uniform_noise_is_divided_at_least_as_well_as_by_a_grid(levels, outlier):
    # Too many distinct colours to search one by one; 64 cubes of equal size are the obvious solution.
    pixels = np.random.default_rng(1).integers(0, levels, (500, 400, 3), dtype=np.uint8)
    if outlier:
        pixels[0, 0] = 255
    result = quantize(Image.fromarray(pixels), 64)
    assert len(result.palette) == 64
    rounding = 3 / 12  # entries are whole levels
    lost_outlier = 3 * 255**2 / pixels[..., 0].size if outlier else 0
    assert result.mse <= 3 * (levels / 4) ** 2 / 12 + rounding + lost_outlier


@pytest.mark.parametrize("colors", [8, 32, 128])
def test_an_outlier_does_not_spoil_a_narrow_gamut(colors):
    pixels = np.random.default_rng(0).integers(0, 8, (300, 300, 3), dtype=np.uint8)
    pixels[0, 0] = 255
    image = Image.fromarray(pixels)
    plain = quantize(image, colors, init="k-means++", tol=0, seed=1)
    assert quantize(image, colors).mse <= 1.2 * plain.mse


def test_crisp_icons_with_soft_edges_get_opaque_entries():
    # Three plain areas and a rim of many faint shades, which should not take entries.
    image = Image.new("RGBA", (40, 40))
    for top, color in ((0, "#d00000"), (13, "#00a000"), (26, "#f0f0f0")):
        image.paste(color, (2, top, 38, top + 13))
    rim = [(90, 90, 90, alpha) for alpha in range(1, 41)]
    strip = Image.new("RGBA", (1, 40))
    strip.putdata(rim)
    image.paste(strip, (0, 0))
    result = quantize(image, 4)
    assert result.palette.hex()[1:] == ("#d00000ff", "#00a000ff", "#f0f0f0ff")


def test_many_pixels_are_counted_like_few(photo):
    # Above a million pixels, colours that must all be counted are counted in a table, not sorted.
    large = Image.new("RGB", (96 * 14, 64 * 14))
    for x in range(14):
        for y in range(14):
            large.paste(photo, (96 * x, 64 * y))
    few, many = (quantize(image, 20, order="population") for image in (photo, large))
    assert many.palette == few.palette
    assert many.mse == pytest.approx(few.mse)
    assert many.colors_before == few.colors_before


def test_many_translucent_pixels_are_counted_like_few(translucent):
    large = Image.new("RGBA", (96 * 14, 64 * 14))
    for x in range(14):
        for y in range(14):
            large.paste(translucent, (96 * x, 64 * y))
    few, many = quantize(translucent, 20), quantize(large, 20)
    assert many.palette == few.palette
    tile = many.image.crop((96, 64, 192, 128))
    assert tile.tobytes() == few.image.tobytes()


def test_nearest_with_alpha_is_nearest_as_seen():
    """Averaged over black and white, no other entry has a smaller error."""
    draw = np.random.default_rng(3)
    colors = draw.integers(0, 255, (600, 4), np.uint8)
    entries = draw.integers(0, 255, (64, 4), np.uint8)
    result = quantize(Image.fromarray(colors[None]), palette=Palette(entries))
    shown = np.asarray(result.image.convert("RGBA"))[0].astype(np.float64)

    def seen(levels, ground):
        opacity = levels[..., 3:] / 255
        return levels[..., :3] * opacity + ground * (1 - opacity)

    def errors(before, after):
        return sum(((seen(before, ground) - seen(after, ground)) ** 2).sum(axis=-1) for ground in (0, 255))

    least = errors(colors[:, None].astype(np.float64), entries[None].astype(np.float64)).min(axis=1)
    # The weight of alpha is rounded to a thousandth.
    assert (errors(colors.astype(np.float64), shown) <= 1.002 * least + 1e-6).all()
