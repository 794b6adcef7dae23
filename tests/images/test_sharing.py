"""One palette for many images."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from helpers import colors_of, squared_error
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, learn_palette, quantize
from kquant_hooks.images.quantize import prepare
from kquant_hooks.images.sharing import palette_of
from kquant_hooks.options.settings import Settings


def sprites(count: int = 12) -> list[Image.Image]:
    return [draw_photo(24 + seed, 20, seed=seed) for seed in range(count)]


def test_one_picture_gives_the_palette_that_it_gets_by_itself():
    image = draw_photo()
    assert learn_palette([image], 16) == quantize(image, 16).palette
    soft = draw_translucent()
    assert learn_palette([soft], 16) == quantize(soft, 16).palette


def test_many_give_the_palette_of_a_sheet_of_them_all():
    images = [image.resize((24, 20)) for image in sprites()]
    sheet = Image.new("RGB", (24, 20 * len(images)))
    for number, image in enumerate(images):
        sheet.paste(image, (0, 20 * number))
    assert learn_palette(images, 32) == quantize(sheet, 32).palette


def test_the_order_of_the_pictures_makes_no_difference():
    images = [*sprites(), draw_translucent()]
    expected = learn_palette(images, 24)
    random.Random(1).shuffle(images)
    assert learn_palette(iter(images), 24) == expected
    assert learn_palette(images, 24, equal_weight=True) == learn_palette(images[::-1], 24, equal_weight=True)


def test_it_serves_the_pictures_better_than_the_palette_of_one_of_them():
    images = sprites()
    shared, single = learn_palette(images, 16), quantize(images[0], 16).palette
    shared_error, single_error = (
        np.mean([squared_error(image, quantize(image, palette=palette).image) for image in images])
        for palette in (shared, single)
    )
    assert shared_error < single_error
    assert colors_of(images[3].filter(KMeansQuantize(palette=shared))) <= set(shared)


def test_equal_weight_gives_small_pictures_the_same_weight():
    large = Image.linear_gradient("L").convert("RGB").resize((400, 400))
    small = Image.merge("RGB", [Image.linear_gradient("L").resize((16, 16)), *[Image.new("L", (16, 16))] * 2])
    counts = [
        sum(color[0] > color[1] for color in learn_palette([large, small], 16, equal_weight=equal))
        for equal in (False, True)
    ]
    assert counts[0] <= 2
    assert 6 <= counts[1] <= 10


def test_pictures_of_all_modes_together():
    images = [draw_photo().convert(mode) for mode in ("RGB", "L", "P", "1", "RGBA")]
    images.append(draw_translucent())
    palette = learn_palette(images, 9)
    assert palette.hex()[0] == "#00000000"
    assert len(palette) == 9
    with pytest.raises(ValueError, match="a palette cannot hold mode 'CMYK' images; convert to 'RGB' first"):
        learn_palette([draw_photo().convert("CMYK")], 9)


def test_options():
    images = sprites()
    fixed = Palette(["#ff00ff", "#ffffff"])
    assert learn_palette(images, 8, fixed=fixed).hex()[:2] == fixed.hex()
    assert set(learn_palette(images, 8, order="hue")) == set(learn_palette(images, 8))
    with pytest.raises(ValueError, match="palette= leaves nothing to learn"):
        learn_palette(images, 8, palette=fixed)
    with pytest.raises(ValueError, match=r"colors=300 is outside 1\.\.256"):
        learn_palette(images, 300)


@pytest.mark.parametrize("images", [[], [Image.new("RGB", (0, 3))]])
def test_nothing_to_learn_from(images):
    with pytest.raises(ValueError, match="there are no pixels to learn a palette from"):
        learn_palette(images, 4)


def test_few_colours_are_kept_exactly():
    images = [Image.new("RGB", (9, 9), color) for color in ("#123456", "#abcdef", "#123456")]
    assert set(learn_palette(images, 4).hex()) == {"#123456", "#abcdef"}


def test_memory_does_not_grow_with_the_number_of_pictures():
    images = [image.quantize(64).convert("RGB") for image in sprites(8)]
    learn_palette(images, 16)

    def peak(rounds: int) -> int:
        tracemalloc.start()
        learn_palette((image for _ in range(rounds) for image in images), 16)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(200) < 2 * peak(20)


def test_pictures_that_are_added_up_on_the_way(monkeypatch):
    images = [*sprites(), draw_translucent()]
    expected = learn_palette(images, 24)
    monkeypatch.setattr("kquant_hooks.quantizer.tally._MIN_GATHERED", 500)
    assert learn_palette(images, 24) == expected


def test_weights_beyond_what_sums_can_hold():
    """Weights like those of a hundred thousand images of equal weight."""
    histogram = prepare(draw_translucent(), Settings(8), counted=True).histogram
    heavy = replace(histogram, weights=histogram.weights << 40)
    expected = palette_of([histogram], Settings(8), equal_weight=True)
    assert palette_of([heavy], Settings(8), equal_weight=False) == expected


def test_more_pixels_than_sums_can_hold_are_scaled_down(monkeypatch):
    images = sprites()
    expected = learn_palette(images, 8)
    monkeypatch.setattr("kquant_hooks.images.sharing._MAX_PIXELS", 3000)
    scaled = learn_palette(images, 8)
    errors = [
        np.mean([quantize(image, palette=palette).mse for image in images]) for palette in (expected, scaled)
    ]
    assert errors[1] < 1.1 * errors[0]


def test_one_image_and_what_is_not_an_image():
    assert learn_palette(draw_photo(), 8) == learn_palette([draw_photo()], 8)
    with pytest.raises(
        TypeError, match=r"learn_palette\(\) was given 'hero\.png'; open it with PIL\.Image\.open first"
    ):
        learn_palette(["hero.png"], 8)
