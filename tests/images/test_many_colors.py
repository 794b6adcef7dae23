"""Pictures with too many colours to list: learned from a sample, with every pixel mapped by itself."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import colors_of, squared_error
from photos import draw_photo
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.images import scanning
from kquant_hooks.images.quantize import prepare
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer import counting

COLORS = ["#000000", "#ff0000", "#00ff00", "#8080ff", "#ffffff"]
OPAQUE = Palette(COLORS)
SOFT = Palette([*COLORS, "#4020ff60", "#20302020"])


@pytest.fixture
def list_few(monkeypatch):
    """A function that lowers the limit of listed colours to 2000."""

    def patch() -> None:
        for module in (counting, scanning):
            monkeypatch.setattr(module, "MAX_LISTED_3_CHANNELS", 2000)
            monkeypatch.setattr(module, "MAX_LISTED_4_CHANNELS", 2000)
            monkeypatch.setattr(module, "MAX_SORTED_PIXELS", 0)

    return patch


def draw_soft(width: int = 120, height: int = 80) -> Image.Image:
    """A photo that fades out: opaque on the left, then translucent, then transparent over random colours."""
    image = draw_photo(width, height).convert("RGBA")
    fading = np.clip(np.linspace(400, -80, width), 0, 255).astype(np.uint8)
    image.putalpha(Image.fromarray(np.tile(fading, (height, 1))))
    return image


PICTURES = {
    "RGB": draw_photo(120, 80),
    "RGBA": draw_soft(),
    "opaque RGBA": draw_photo(120, 80).convert("RGBA"),
    "RGBX": draw_photo(120, 80).convert("RGBX"),
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"space": "oklab"},
        {"dither": "floyd-steinberg"},
        {"dither": "bayer"},
        {"dither": "blue-noise", "space": "oklab"},
        {"alpha": "hard"},
    ],
    ids=str,
)
@pytest.mark.parametrize("palette", [OPAQUE, SOFT], ids=["opaque", "soft"])
@pytest.mark.parametrize("kind", PICTURES)
def test_with_a_given_palette_the_result_is_that_of_listed_colours(list_few, kind, palette, options):
    image = PICTURES[kind]
    listed = quantize(image, palette=palette, **options)
    filtered = image.filter(KMeansQuantize(palette=OPAQUE, **options))
    list_few()
    result = quantize(image, palette=palette, **options)
    assert result.image.tobytes() == listed.image.tobytes()
    assert result.image.info == listed.image.info
    assert (result.palette, result.colors_before) == (listed.palette, listed.colors_before)
    assert result.mse == pytest.approx(listed.mse, rel=1e-12)
    again = image.filter(KMeansQuantize(palette=OPAQUE, **options))
    assert (again.mode, again.tobytes()) == (filtered.mode, filtered.tobytes())


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_modes_have_their_nearest_entries(list_few, mode):
    image = Image.merge(
        mode,
        [*draw_photo(120, 80).split(), draw_photo(120, 80, 3).getchannel("G")][
            : len(Image.new(mode, (1, 1)).getbands())
        ],
    )
    list_few()
    result = image.filter(KMeansQuantize(24))
    pixels, found = (
        np.stack([np.asarray(band).ravel() for band in picture.split()], 1) for picture in (image, result)
    )
    entries = np.unique(found, axis=0)
    assert len(entries) == 24
    assert np.array_equal(
        ((pixels.astype(int) - found) ** 2).sum(axis=1),
        ((pixels[:, None].astype(int) - entries) ** 2).sum(axis=2).min(axis=1),
    )


@pytest.mark.parametrize("alpha", ["keep", "hard"])
@pytest.mark.parametrize("effort", ["fast", "balanced", "best"])
def test_opaque_stays_opaque_and_transparent_transparent(list_few, effort, alpha):
    image = draw_soft()
    list_few()
    result = quantize(image, 40, effort=effort, alpha=alpha)
    before, after = (np.asarray(picture.convert("RGBA"))[..., 3] for picture in (image, result.image))
    assert (after[before == 255] == 255).all()
    assert (after[before == 0] == 0).all()
    assert len(colors_of(result.image.convert("RGBA"))) == 40
    assert result.mse == pytest.approx(squared_error(image, result.image))


@pytest.mark.parametrize("color", [(3, 2, 1, 255), (200, 0, 0, 0)], ids=str)
@pytest.mark.parametrize("ground", ["solid", "soft"])
def test_a_single_pixel_of_another_kind_is_not_overlooked(list_few, ground, color):
    image = draw_photo(200, 140).convert("RGBA")
    if ground == "soft":
        image.putalpha(100)
    image.putpixel((151, 77), color)
    list_few()
    assert quantize(image, 8).image.convert("RGBA").getpixel((151, 77))[3] == color[3]


def test_a_single_translucent_pixel_counts_for_the_error(list_few):
    image = draw_photo(200, 140).convert("RGBA")
    image.putpixel((151, 77), (9, 200, 9, 128))
    list_few()
    result = quantize(image, 8)
    assert result.mse == pytest.approx(squared_error(image, result.image))


def test_figures_are_of_all_pixels(list_few):
    image = draw_soft()
    exact = quantize(image, 12)
    list_few()
    result = quantize(image, 12, order="population")
    populations = [count for count, _ in sorted(result.image.getcolors(), key=lambda item: item[1])]
    assert populations[1:] == sorted(populations[1:], reverse=True)
    assert result.colors_before == exact.colors_before
    assert result.mse == pytest.approx(squared_error(image, result.image))
    assert result.mse <= 1.1 * exact.mse


def test_threads_change_nothing(list_few):
    image = draw_soft(500, 400)
    list_few()
    one, many = (quantize(image, 40, threads=threads) for threads in (1, 5))
    assert one.image.tobytes() == many.image.tobytes()
    assert (one.palette, one.mse, one.colors_before) == (many.palette, many.mse, many.colors_before)


def test_colours_beneath_transparency_do_not_count(list_few):
    """A sheet of few colours does not change, even with noise under its transparent pixels."""
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (90, 90, 4), np.uint8))
    image.putalpha(0)
    for number in range(8):
        image.paste((number, 9, 200, 255 - number), (10 * number, 0, 10 * number + 5, 40))
    list_few()
    result = quantize(image, 9)
    assert (result.mse, result.colors_before, len(result.palette)) == (0, 9, 9)
    assert len(prepare(image, Settings(9)).colors.listing.codes) == 9
    hidden = quantize(image, 16, keep_hidden_rgb=True)
    assert hidden.mse == 0
    assert len({entry[:3] for entry in hidden.palette if entry[3] == 0}) == 8


def test_hidden_colours_are_kept_where_there_are_many(list_few):
    image = draw_soft()
    list_few()
    result = quantize(image, 64, keep_hidden_rgb=True).image.convert("RGBA")
    pixels, found = (np.asarray(picture).reshape(-1, 4).astype(int) for picture in (image, result))
    clear = pixels[:, 3] == 0
    assert (found[clear, 3] == 0).all()
    assert ((pixels - found)[clear, :3] ** 2).sum(axis=1).mean() < 1500
    filtered = np.asarray(image.filter(KMeansQuantize(64, keep_hidden_rgb=True))).reshape(-1, 4)
    assert np.array_equal(filtered[clear], pixels[clear])


@pytest.mark.parametrize("size", [(40_000, 1), (1, 40_000), (20_000, 2)])
def test_very_thin_pictures(list_few, size):
    image = Image.frombytes("RGBA", size, draw_soft(200, 200).tobytes())
    exact = quantize(image, 32).mse
    list_few()
    assert quantize(image, 32).mse <= 1.1 * exact


@pytest.mark.parametrize("colors", [16, 256])
def test_errors_are_those_of_learning_from_all_colours(monkeypatch, colors):
    image = draw_soft(1100, 900)
    assert prepare(image, Settings(colors)).colors.listing is None
    found = quantize(image, colors).mse
    for module in (counting, scanning):
        monkeypatch.setattr(module, "MAX_LISTED_4_CHANNELS", 1 << 22)
    assert found <= 1.0005 * quantize(image, colors).mse


def test_fixed_colours_are_in_the_palette(list_few):
    fixed = Palette(["#00ff00", "#ff00ff40", "#00000000"])
    image = draw_soft()
    list_few()
    palette = quantize(image, 20, fixed=fixed).palette
    assert len(palette) == 20
    assert set(fixed.hex()) <= set(palette.hex())
