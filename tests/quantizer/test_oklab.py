"""``space="oklab"``: clustering and mapping compared with Oklab as in its article, figures in sRGB."""

from __future__ import annotations

import io

import numpy as np
import pytest
from helpers import colors_of, premultiplied, squared_error
from photos import draw_photo
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.reduce import reduce
from kquant_hooks.images.modes import MODES
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.spaces import oklab

TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def lab_of(colors: np.ndarray) -> np.ndarray:
    """Ottosson's L, a, b of R, G, B in 0..255: shape (n, 3)."""
    share = np.asarray(colors, np.float64) / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.cbrt(light @ np.transpose(TO_CONES)) @ np.transpose(TO_LAB)


def points_of(image: Image.Image) -> np.ndarray:
    """The integer coordinates of all pixels: L, 1.5 a, 1.5 b in 65281 steps, premultiplied by any alpha."""
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4).astype(np.int64)
    lab = np.rint(lab_of(pixels[:, :3]) * [65280, 97920, 97920]).astype(np.int64)
    if not image.has_transparency_data:
        return lab
    alpha = pixels[:, 3:]
    return np.concatenate([lab * alpha, 147 * 256 * alpha], axis=1)


def points_of_palette(palette: Palette, image: Image.Image) -> np.ndarray:
    mode = "RGBA" if image.has_transparency_data else "RGB"
    entries = [(*entry, 255)[: len(mode)] for entry in palette]
    return points_of(Image.frombytes(mode, (len(entries), 1), np.array(entries, np.uint8).tobytes()))


def nearest(image: Image.Image, palette: Palette) -> np.ndarray:
    points, entries = points_of(image), points_of_palette(palette, image)
    distances = ((points[:, None] - entries) ** 2).sum(axis=2)
    if image.has_transparency_data:
        distances[np.ix_(points[:, 3] == 147 * 256 * 255, entries[:, 3] < 147 * 256 * 255)] = 2**62
    return distances.argmin(axis=1)


def error(image: Image.Image, shown: Image.Image) -> float:
    """The mean squared distance in Oklab."""
    return float(((points_of(image) - points_of(shown.convert(image.mode))) ** 2.0).sum(axis=1).mean())


def lattice() -> np.ndarray:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=3).reshape(-1, 3)


def close_colours() -> np.ndarray:
    """The colours that are hardest to tell apart: those around blue and yellow, and the darkest."""
    steps = np.arange(256)
    bright = np.stack([np.full(256, 255), np.full(256, 255), steps], axis=1)
    dark = np.stack([steps % 4, steps // 4 % 4, steps // 16], axis=1)
    return np.concatenate([bright, dark[:128]]).astype(np.uint8)


@pytest.mark.parametrize(
    "colors", [lattice(), close_colours(), np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)]
)
def test_colours_come_back_from_oklab_and_no_two_are_mixed_up(colors):
    coords = oklab.coords_of(colors)
    expected = lab_of(colors) * [255, 382.5, 382.5] + [0, 128, 128]
    assert np.abs(coords / 256 - expected).max() <= 0.5001 / 256
    assert len(np.unique(coords, axis=0)) == len(colors)
    assert np.array_equal(oklab.rgb_of(coords / 256), colors)


def test_roots_that_differ_in_their_last_bits_change_nothing(monkeypatch):
    expected = oklab.coords_of(lattice())
    cbrt = np.cbrt
    for other in (0, 2):
        monkeypatch.setattr(np, "cbrt", lambda values, other=other: np.nextafter(cbrt(values), other))
        assert np.array_equal(oklab.coords_of(lattice()), expected)


def test_greys_are_grey():
    levels = np.random.default_rng(2).random((5000, 1)) * 255
    colors = oklab.rgb_of(np.concatenate([levels, np.full((5000, 2), 128.0)], axis=1))
    assert np.array_equal(colors, colors[:, :1].repeat(3, 1))


def test_what_is_outside_the_gamut_becomes_its_border():
    red, black, white = oklab.rgb_of(np.array([[255.0, 255, 128], [-9, 128, 128], [300, 128, 128]])).tolist()
    assert (red[0], black, white) == (255, [0, 0, 0], [255, 255, 255])


@pytest.mark.parametrize("kind", ["photo", "translucent"])
@pytest.mark.parametrize("colors", [2, 16, 256])
def test_every_pixel_gets_its_nearest_entry_and_every_entry_is_used(kind, colors, request):
    image = request.getfixturevalue(kind)
    result = quantize(image, colors, space="oklab")
    assert len(result.palette) == colors
    indices = np.asarray(result.image).reshape(-1)
    assert set(indices.tolist()) == set(range(colors))
    pixels = image
    if kind == "translucent":
        pixels = Image.fromarray(np.asarray(image) * (np.asarray(image)[..., 3:] > 0))
    assert np.array_equal(indices, nearest(pixels, result.palette))


@pytest.mark.parametrize("effort", ["fast", "balanced", "best"])
@pytest.mark.parametrize("init", ["wu", "k-means++", "random"])
def test_the_error_in_oklab_is_minimized(photo, init, effort):
    for colors in (4, 20, 150):
        options = {"init": init, "effort": effort}
        ours, other = (quantize(photo, colors, space=space, **options).image for space in ("oklab", "srgb"))
        assert error(photo, ours) < error(photo, other)


@pytest.mark.parametrize("colors", [4, 20, 150])
def test_the_same_with_alpha(colors, translucent):
    ours, other = (quantize(translucent, colors, space=space).image for space in ("oklab", "srgb"))
    clear = Image.new("RGBA", translucent.size)
    clear.paste(translucent, mask=translucent.getchannel("A").point([0] + [255] * 255))
    assert error(clear, ours) < error(clear, other)


def test_with_many_colours_they_are_seen_to_be_closer():
    image = draw_photo(300, 200)
    distances = {}
    for space in ("srgb", "oklab"):
        shown = quantize(image, 256, space=space).image.convert("RGB")
        difference = lab_of(premultiplied(image)) - lab_of(premultiplied(shown))
        distances[space] = np.sqrt((difference**2).sum(axis=1)).mean()
    assert distances["oklab"] < 0.97 * distances["srgb"]


@pytest.mark.parametrize("kind", ["photo", "translucent"])
def test_figures_are_in_srgb(kind, request):
    image = request.getfixturevalue(kind)
    result = quantize(image, 12, space="oklab")
    assert result.mse == pytest.approx(squared_error(image, result.image.convert(image.mode)), rel=1e-9)
    assert result.psnr == pytest.approx(10 * np.log10(255**2 * 3 / result.mse))


def test_colours_of_a_given_palette_stay():
    colors = close_colours()[128:]
    image = Image.fromarray(colors[None])
    result = quantize(image, palette=Palette(colors[::-1]), space="oklab")
    assert result.image.convert("RGB").tobytes() == image.tobytes()
    assert (result.mse, len(result.palette)) == (0, 256)


def test_faint_colours_of_a_given_palette_stay():
    colors = np.concatenate([close_colours()[128:], np.ones((256, 1), np.uint8)], axis=1)
    image = Image.fromarray(colors[None])
    assert np.asarray(quantize(image, palette=Palette(colors), space="oklab").image).tolist() == [
        list(range(256))
    ]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_modes_agree_with_rgb(mode, photo):
    grey = mode in ("1", "L", "LA")
    image = (photo.convert("L") if grey else photo).convert(mode)
    result = image.filter(KMeansQuantize(9, space="oklab"))
    assert result.mode == mode
    expected = image.convert("RGB").filter(KMeansQuantize(9, space="oklab"))
    assert result.convert("RGB").tobytes() == expected.tobytes()


def test_opaque_stays_opaque_and_transparent_transparent(translucent):
    before = np.asarray(translucent)[..., 3]
    for colors in (2, 5, 60):
        result = translucent.filter(KMeansQuantize(colors, space="oklab"))
        after = np.asarray(result)[..., 3]
        assert (after[before == 255] == 255).all()
        assert (after[before == 0] == 0).all()
        assert len(colors_of(result)) <= colors
        assert result.filter(KMeansQuantize(colors, space="oklab")).tobytes() == result.tobytes()


def test_large_pictures_are_learned_from_a_sample():
    large = draw_photo(1300, 900)
    result = quantize(large, 40, space="oklab")
    counted = quantize(large, 40, space="oklab", order="population")
    assert result.mse == pytest.approx(squared_error(large, result.image), rel=1e-12)
    assert error(large, result.image) <= 1.005 * error(large, counted.image)
    some = large.crop((100, 200, 180, 260))
    indices = np.asarray(result.image.crop((100, 200, 180, 260))).reshape(-1)
    assert np.array_equal(indices, nearest(some, result.palette))


def test_frames_are_mapped_in_oklab():
    frames = [draw_photo(60, 40, seed) for seed in (1, 2)]
    data = io.BytesIO()
    frames[0].save(data, "PNG", save_all=True, append_images=frames[1:])
    reduction = reduce(read_document(data.getvalue(), "PNG", 1 << 20), Settings(12, space="oklab"))
    palette = reduction.figures.palette
    for frame, made in zip(frames, reduction.images(), strict=True):
        shown = made.convert("RGB")
        expected = palette.colors[:, :3][nearest(frame, palette)]
        assert np.array_equal(np.asarray(shown).reshape(-1, 3), expected)


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"1", "L", "LA", "P", "RGB", "RGBX", "RGBA"}))
def test_modes_without_colours_in_srgb_are_refused(mode):
    way_out = r"use quantize\(\), which scales the levels" if "16" in mode else "convert to 'RGB' first"
    with pytest.raises(ValueError, match=f"cannot compare mode '{mode}' colours in space='oklab'; {way_out}"):
        Image.new(mode, (3, 2)).filter(KMeansQuantize(5, space="oklab"))


def test_sixteen_bit_grey_is_scaled_as_in_srgb():
    levels = np.arange(0, 65536, 64, dtype="<u2")
    image = Image.frombytes("I;16", (32, 32), levels.tobytes())
    expected = Image.frombytes(
        "L", (32, 32), ((levels.astype(int) * 255 + 32767) // 65535).astype(np.uint8).tobytes()
    )
    results = [quantize(picture, 7, space="oklab") for picture in (image, expected)]
    assert results[0].palette == results[1].palette
    assert results[0].image.tobytes() == results[1].image.tobytes()
