"""Dithering: averages get closer, flat areas stay flat, alpha does not change, patterns stay in place."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import bouncing, saved
from helpers import colors_of, premultiplied, squared_error
from photos import draw_photo, draw_translucent
from PIL import Image, ImageFilter

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.cli import main
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.document import composed_frames
from kquant_hooks.documents.reduce import reduce
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.blue_noise import blue_noise, void_and_cluster

KINDS = ["floyd-steinberg", "bayer", "bayer-4", "bayer-2", "blue-noise"]
# Without noise, which would mix colours by itself.
SMOOTH = ImageFilter.GaussianBlur(2)
BLACK_AND_WHITE = Palette(["#000", "#fff"])


def block_error(image: Image.Image, other: Image.Image, size: int = 8) -> float:
    """Mean squared difference of the averages over blocks."""
    width, height = (side // size * size for side in image.size)
    means = []
    for picture in (image, other):
        pixels = premultiplied(picture).reshape(picture.height, picture.width, -1)[:height, :width]
        means.append(pixels.reshape(height // size, size, width // size, size, -1).mean(axis=(1, 3)))
    return float(((means[0] - means[1]) ** 2).sum(axis=-1).mean())


def slow_floyd_steinberg(levels: np.ndarray) -> np.ndarray:
    """Textbook dithering to black and white: in serpentine order, one pixel after the other."""
    wanted = np.pad(levels.astype(np.float64), ((0, 1), (1, 1)))
    result = np.zeros(levels.shape)
    for y in range(levels.shape[0]):
        ahead = -1 if y % 2 else 1
        for x in range(1, levels.shape[1] + 1)[::ahead]:
            result[y, x - 1] = 255 if wanted[y, x] > 127.5 else 0
            error = wanted[y, x] - result[y, x - 1]
            wanted[y, x + ahead] += error * 7 / 16
            wanted[y + 1, x - ahead] += error * 3 / 16
            wanted[y + 1, x] += error * 5 / 16
            wanted[y + 1, x + ahead] += error * 1 / 16
    return result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colors", [4, 16, 64])
def test_averages_come_nearer(kind, colors):
    image = draw_photo(160, 120).filter(SMOOTH)
    plain, dithered = quantize(image, colors), quantize(image, colors, dither=kind)
    # Mixtures of four colours reach few others.
    share = 0.9 if colors == 4 else 0.8
    assert block_error(image, dithered.image) < share * block_error(image, plain.image)
    assert dithered.palette == plain.palette
    assert len(colors_of(dithered.image.convert("RGB"))) <= colors
    assert dithered.mse == pytest.approx(squared_error(image, dithered.image))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [26, 64, 128, 191, 229])
def test_grey_out_of_black_and_white_has_the_right_share_of_both(kind, level):
    image = Image.new("L", (128, 128), level)
    result = quantize(image, palette=BLACK_AND_WHITE, dither=kind)
    # A pattern of n pixels has n + 1 shares.
    tolerance = {"bayer-2": 255 / 4, "bayer-4": 255 / 16}.get(kind, 255 / 64)
    assert abs(np.asarray(result.image.convert("L")).mean() - level) <= tolerance


@pytest.mark.parametrize("kind", KINDS[1:])
def test_patterns_grow(kind):
    """Pixels that are white in one grey are white in every lighter grey, so no edges appear between them."""
    white = np.zeros((64, 64), bool)
    for level in range(0, 256, 15):
        result = quantize(Image.new("L", (64, 64), level), palette=BLACK_AND_WHITE, dither=kind)
        lighter = np.asarray(result.image.convert("L")) == 255
        assert (lighter | ~white).all()
        white = lighter
    assert white.all()


def test_runs_side_by_side_are_as_good_as_whole_rows():
    gradient = np.tile(np.linspace(0, 255, 200), (120, 1)).round()
    image = Image.fromarray(gradient.astype(np.uint8))
    ours = quantize(image, palette=BLACK_AND_WHITE, dither="floyd-steinberg").image.convert("L")
    textbook = Image.fromarray(slow_floyd_steinberg(gradient).astype(np.uint8))
    for size in (4, 8, 16):
        assert block_error(image, ours, size) < 1.25 * block_error(image, textbook, size)


@pytest.mark.parametrize("kind", KINDS)
def test_flat_areas_in_colours_of_the_palette_stay_flat(kind):
    image = draw_photo(96, 96)
    flat = Palette(["#204060", "#e0c080"]).colors
    image.paste(tuple(flat[0]), (8, 20, 36, 76))
    image.paste(tuple(flat[1]), (50, 20, 91, 76))
    palette = Palette([*flat.tolist(), *quantize(image, 14).palette])
    result = quantize(image, palette=palette, dither=kind).image.convert("RGB")
    assert colors_of(result.crop((8, 20, 36, 76))) == {tuple(flat[0])}
    assert colors_of(result.crop((50, 20, 91, 76))) == {tuple(flat[1])}
    assert len(colors_of(result.crop((0, 0, 96, 20)))) > 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_few_colours_stays_as_it_is(kind):
    image = quantize(draw_photo(), 12).image.convert("RGB")
    result = quantize(image, 12, dither=kind)
    assert result.mse == 0
    assert result.image.convert("RGB").tobytes() == image.tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colors", [6, 16])
def test_transparent_stays_transparent_and_opaque_stays_opaque(kind, colors):
    image = draw_translucent(96, 64)
    before = np.asarray(image.getchannel("A"))
    assert {0, 255} < set(before.ravel().tolist())
    result = quantize(image, colors, dither=kind)
    after = np.asarray(result.image.convert("RGBA").getchannel("A"))
    assert (after[before == 0] == 0).all()
    assert (after[before == 255] == 255).all()
    assert result.mse == pytest.approx(squared_error(image, result.image))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colors", [6, 16, 64])
def test_averages_of_what_fades_come_nearer(kind, colors):
    image = draw_photo(128, 96).filter(SMOOTH).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(image.size).point(lambda level: 2 * level - 100))
    assert image.getchannel("A").getextrema() == (0, 255)
    plain, dithered = quantize(image, colors), quantize(image, colors, dither=kind)
    assert block_error(image, dithered.image) < 0.9 * block_error(image, plain.image)
    assert dithered.palette == plain.palette


def test_a_hard_edge_beside_a_soft_one():
    image = Image.new("RGBA", (64, 32))
    image.paste(draw_photo(32, 32).convert("RGBA"))
    result = quantize(image, 8, dither="floyd-steinberg").image.convert("RGBA")
    alpha = np.asarray(result.getchannel("A"))
    assert (alpha[:, :32] == 255).all()
    assert (alpha[:, 32:] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_strength(kind):
    image = draw_photo(160, 120)
    errors = [quantize(image, 16, dither=kind, dither_strength=part).mse for part in (0, 0.5, 1)]
    assert errors[0] == quantize(image, 16).mse
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "CMYK", "YCbCr", "I;16"])
@pytest.mark.parametrize("kind", ["floyd-steinberg", "blue-noise"])
def test_the_filter_dithers_in_every_mode(mode, kind):
    image = Image.linear_gradient("L").resize((96, 80))
    image = image.convert("I").point(lambda level: level * 257).convert(mode) if mode == "I;16" else image
    image = image.convert(mode)
    plain = image.filter(KMeansQuantize(5))
    result = image.filter(KMeansQuantize(5, dither=kind))
    assert result.mode == mode
    assert colors_of(result) <= colors_of(plain)
    assert result.tobytes() != plain.tobytes()


def test_the_filter_refuses_what_keeps_its_indices():
    image = draw_photo().quantize(32)
    with pytest.raises(
        ValueError, match="cannot dither mode 'P' images, as indices do not change; convert to 'RGB'"
    ):
        image.filter(KMeansQuantize(5, dither="bayer"))
    assert quantize(image, 5, dither="bayer").mse > quantize(image, 5).mse


def test_the_filter_and_the_function_agree():
    image = draw_photo()
    filtered = image.filter(KMeansQuantize(7, dither="floyd-steinberg"))
    assert filtered.tobytes() == quantize(image, 7, dither="floyd-steinberg").image.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (15, 16), (17, 3), (700, 390)])
def test_any_size(kind, size):
    image = draw_photo(*size)
    result = quantize(image, palette=BLACK_AND_WHITE, dither=kind)
    assert result.image.size == size


def test_strips_leave_no_trace(monkeypatch):
    image = draw_photo(200, 150)
    whole = [quantize(image, 9, dither=kind).image.tobytes() for kind in KINDS]
    monkeypatch.setattr("kquant_hooks.images.rendering.FEWER_PIXELS", 1400)
    assert [quantize(image, 9, dither=kind).image.tobytes() for kind in KINDS] == whole


def test_patterns_stay_in_place_in_animations():
    """Parts that two frames share have the same pixels in both, wherever the boxes of the frames lie."""
    first, *others = bouncing("RGB", 5)
    data = saved(first, "PNG", save_all=True, append_images=others, duration=40)
    document = read_document(data, "PNG", 1 << 30)
    assert any(frame.left or frame.top for frame in document.frames)
    before = [np.asarray(shown.canvas.convert("RGB")) for shown in composed_frames(document)]
    for kind in KINDS[1:]:
        canvas = np.zeros_like(before[0])
        for number, image in enumerate(reduce(document, Settings(8, dither=kind)).images()):
            frame = document.frames[number]
            box = (
                slice(frame.top, frame.top + image.height),
                slice(frame.left, frame.left + image.width),
            )
            pixels = np.asarray(image.convert("RGB"))
            if number:
                same = (before[number][box] == before[number - 1][box]).all(axis=2)
                assert np.array_equal(pixels[same], canvas[box][same])
            canvas[box] = pixels


def test_the_table_of_blue_noise_is_what_its_program_makes():
    assert np.array_equal(blue_noise(), void_and_cluster(64))


def test_blue_noise_has_no_low_frequencies():
    tile = blue_noise() < 64 * 64 * 0.3
    spectrum = np.abs(np.fft.fft2(tile - tile.mean())) ** 2
    distance = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    low, rest = spectrum[(distance > 0) & (distance < 0.15)].mean(), spectrum[distance >= 0.15].mean()
    assert low < 0.05 * rest


@pytest.mark.parametrize("kind", KINDS)
def test_a_mode_that_cannot_show_all_entries_is_not_dithered_to_them(kind):
    image = Image.new("L", (64, 64), 62)
    palette = ["#3a3a3a", "#445040"]
    assert image.filter(KMeansQuantize(palette=palette)).getcolors() == [(4096, 58)]
    with pytest.raises(
        ValueError, match="mode 'L' images cannot show the palette's colours; convert to 'RGB'"
    ):
        image.filter(KMeansQuantize(palette=palette, dither=kind))


def test_limits_of_the_error_hold_before_dithering(tmp_path, capsys):
    path = tmp_path / "a.png"
    draw_photo(160, 120).filter(SMOOTH).save(path)
    found = []
    for dither in ("none", "floyd-steinberg"):
        target = tmp_path / f"{dither}.png"
        command = ["quantize", str(path), "-c", "auto", "--min-psnr", "30", "--dither", dither]
        assert main([*command, "-o", str(target)]) == 0
        found.append(len(Palette.load(target)))
    assert found[0] == found[1] > 2
    assert (tmp_path / "none.png").read_bytes() != (tmp_path / "floyd-steinberg.png").read_bytes()


def test_very_many_colours_are_mixed_in_parts(monkeypatch):
    image = draw_photo(160, 120)
    whole = [quantize(image, 9, dither=kind).image.tobytes() for kind in KINDS[1:]]
    monkeypatch.setattr("kquant_hooks.quantizer.dithering._COLORS_AT_ONCE", 777)
    assert [quantize(image, 9, dither=kind).image.tobytes() for kind in KINDS[1:]] == whole
