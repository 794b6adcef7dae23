"""The colours of many pictures together: single colours, or cells if there are too many."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from drawings import bouncing, saved
from helpers import colors_of, squared_error
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import learn_palette
from kquant_hooks.assets.convert import convert
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.document import composed_frames
from kquant_hooks.images.quantize import prepare
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.tally import Tally, condensed


@pytest.fixture
def few(monkeypatch):
    """At most 300 single colours are kept."""
    monkeypatch.setattr("kquant_hooks.quantizer.tally.MAX_LISTED_4_CHANNELS", 300)


def histograms():
    images = [draw_photo(), draw_translucent(), draw_photo(40, 30, 2), Image.new("RGBA", (9, 9))]
    return [prepare(image, Settings(), counted=True).histogram for image in images]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("gathered", [1, 1000, 1 << 20])
def test_the_order_makes_no_difference(monkeypatch, gathered):
    monkeypatch.setattr("kquant_hooks.quantizer.tally._MIN_GATHERED", gathered)
    totals = []
    for order in permutations(histograms()):
        tally = Tally()
        for histogram in order:
            tally.add(histogram)
        total, _, exact = tally.total()
        assert not exact
        assert 100 < len(total.colors) <= 300
        totals.append((total.colors.tobytes(), total.weights.tobytes()))
    assert len(set(totals)) == 1


@pytest.mark.usefixtures("few")
def test_cells_stand_for_their_colours():
    histogram = prepare(draw_translucent(), Settings(), counted=True).histogram
    cells = condensed(histogram)
    assert cells.weights.sum() == histogram.weights.sum()
    for least, most in ((0, 0), (1, 254), (255, 255)):
        alphas = [found.colors[:, 3] for found in (histogram, cells)]
        some, others = ((alpha >= least) & (alpha <= most) for alpha in alphas)
        assert cells.weights[others].sum() == histogram.weights[some].sum()
    seen, approximate = (
        found.weights @ (found.colors[:, :3] * (found.colors[:, 3:] / 255.0)) for found in (histogram, cells)
    )
    assert np.allclose(seen, approximate, rtol=0.01)


def test_few_colours_are_kept_as_they_are():
    histogram = prepare(draw_translucent(), Settings(), counted=True).histogram
    same = condensed(histogram)
    assert np.array_equal(same.colors, histogram.colors)
    assert np.array_equal(same.weights, histogram.weights)


@pytest.mark.usefixtures("few")
def test_a_palette_of_cells_is_nearly_that_of_all_colours(monkeypatch):
    images = [draw_photo(seed=seed) for seed in range(4)]
    sheet = Image.new("RGB", (96, 64 * 4))
    for number, image in enumerate(images):
        sheet.paste(image, (0, 64 * number))
    cells = learn_palette(images, 16)
    assert cells == learn_palette(images[::-1], 16)
    monkeypatch.setattr("kquant_hooks.quantizer.tally.MAX_LISTED_4_CHANNELS", 1 << 20)
    exact = learn_palette(images, 16)
    assert cells != exact

    def error(palette):
        pixels = np.asarray(sheet).reshape(-1, 1, 3).astype(int)
        return ((pixels - palette.colors[None, :, :3]) ** 2).sum(axis=2).min(axis=1).mean()

    assert error(cells) <= 1.02 * error(exact)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGBA"), ("WebP", "soft"), ("PNG", "RGB"), ("GIF", "RGB")]
)
def test_figures_of_animations_are_of_all_pixels(form, mode):
    first, *others = bouncing(mode)
    data = saved(first, form, save_all=True, append_images=others, duration=40, lossless=True)
    made = convert(data, Settings(20), Policy())
    before, after = (
        [shown.canvas.convert("RGBA") for shown in composed_frames(read_document(file, form, 1 << 30))]
        for file in (data, made.data)
    )
    seen = {color if color[3] else () for canvas in before for color in colors_of(canvas)}
    assert made.figures.colors_before == len(seen) > 300
    errors = [squared_error(old, new) for old, new in zip(before, after, strict=True)]
    assert made.figures.mse == pytest.approx(np.mean(errors))


@pytest.mark.usefixtures("few")
def test_the_smallest_number_of_colours_is_judged_by_all_pixels():
    first, *others = bouncing("RGB")
    data = saved(first, "PNG", save_all=True, append_images=others, duration=40)
    made = convert(data, Settings(64), Policy(auto_colors=True, max_error=700.0))
    assert made.figures.mse <= 700
    assert convert(data, Settings(len(made.figures.palette) - 1), Policy()).figures.mse > 700
