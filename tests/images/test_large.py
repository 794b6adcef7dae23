"""Pictures that are so large that several threads learn from a sample."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import premultiplied, slow_nearest, squared_error
from photos import draw_photo
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.images.pixels import read_histogram
from kquant_hooks.images.scanning import read_sample


@pytest.fixture(scope="module")
def large() -> Image.Image:
    return draw_photo(1300, 900)


@pytest.fixture(scope="module")
def learned_from_all(large) -> float:
    return quantize(large, 40, order="population").mse


@pytest.mark.parametrize("effort", ["fast", "balanced"])
def test_figures_are_of_all_pixels(large, effort):
    result = quantize(large, 40, effort=effort)
    assert result.mse == pytest.approx(squared_error(large, result.image), rel=1e-12)
    assert result.psnr == pytest.approx(10 * np.log10(3 * 255**2 / result.mse))
    assert result.colors_before == len(np.unique(np.asarray(large).reshape(-1, 3), axis=0))


def test_every_pixel_gets_the_nearest_entry(large):
    result = quantize(large, 40)
    some = np.s_[::97]
    indices = np.asarray(result.image).reshape(-1)[some]
    assert np.array_equal(indices, slow_nearest(premultiplied(large)[some], result.palette.colors))


def test_a_sample_is_nearly_as_good_as_all_pixels(large, learned_from_all):
    assert quantize(large, 40).mse <= 1.005 * learned_from_all


def test_best_learns_from_all_pixels(large, learned_from_all):
    assert quantize(large, 40, effort="best").mse <= learned_from_all


def test_threads_change_nothing(large):
    one, many = (quantize(large, 40, threads=threads) for threads in (1, 5))
    assert one.image.tobytes() == many.image.tobytes()
    assert (one.palette, one.mse) == (many.palette, many.mse)


def test_the_filter_agrees(large):
    filtered = large.filter(KMeansQuantize(40))
    assert filtered.tobytes() == quantize(large, 40).image.convert("RGB").tobytes()


def test_few_colours_stay_even_where_no_sample_sees_them():
    image = Image.new("RGB", (1500, 1000), "#204060")
    for number in range(30):
        image.putpixel((37 * number, 11 * number), (number, 200, 100))
    result = quantize(image, 31)
    assert (result.mse, result.colors_before, len(result.palette)) == (0, 31, 31)
    assert result.image.convert("RGB").tobytes() == image.tobytes()
    # One colour too many for the palette: all others are kept.
    image.putpixel((3, 3), (255, 255, 255))
    assert len(quantize(image, 31).palette) == 31


def test_a_given_palette_needs_no_sample(large):
    palette = Palette(["#000000", "#ff0000", "#00ff00", "#8080ff"])
    result = quantize(large, palette=palette, effort="fast")
    assert result.palette == palette
    assert result.mse == pytest.approx(squared_error(large, result.image), rel=1e-12)


def test_a_given_palette_may_be_translucent(large):
    palette = Palette(["#000000", "#ff0000", "#00ff0080", "#8080ff"])
    result = quantize(large, palette=palette, effort="fast")
    assert result.palette == palette
    assert result.mse == pytest.approx(squared_error(large.convert("RGBA"), result.image.convert("RGBA")))


@pytest.mark.parametrize("period", [2, 3, 4, 5, 8, 16])
def test_a_sample_does_not_beat_in_time_with_a_pattern(period):
    y, x = np.mgrid[0:1100, 0:1300]
    light = (x % period == 0) ^ (y % period == 0)
    image = Image.fromarray(np.where(light, 255, 0).astype(np.uint8)).convert("RGB")
    sample = read_sample(image, 1 << 16)
    share = sample.weights[1] / sample.weights.sum()
    assert share == pytest.approx(light.mean(), abs=0.02)


def test_a_sample_has_the_colours_of_the_picture(large):
    sample, everything = read_sample(large, 1 << 16), read_histogram(large, for_palette=True)[0]
    assert (1 << 15) <= sample.weights.sum() <= 1 << 17
    mean, expected = (h.weights @ h.colors / h.weights.sum() for h in (sample, everything))
    assert np.allclose(mean, expected, atol=0.5)
