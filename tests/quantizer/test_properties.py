"""Properties of every picture, tested on pictures that hypothesis generates."""

from __future__ import annotations

import numpy as np
from helpers import colors_of, premultiplied, slow_nearest, squared_error
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from kquant_hooks import KMeansQuantize, quantize

# Few levels make ties, equal colours and empty clusters common.
LEVELS = st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 2, 128, 254, 255]))
COUNTS = st.integers(1, 40)
SPACES = st.sampled_from(["srgb", "oklab"])


def pictures(channels: int) -> st.SearchStrategy[np.ndarray]:
    shapes = st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(channels))
    return shapes.flatmap(lambda shape: arrays(np.uint8, shape, elements=LEVELS))


options = st.fixed_dictionaries(
    {
        "init": st.sampled_from(["wu", "k-means++", "random"]),
        "effort": st.sampled_from(["fast", "balanced", "best"]),
        "order": st.sampled_from(["given", "lightness", "population"]),
    }
)


@settings(max_examples=300)
@given(pixels=pictures(3), colors=COUNTS, options=options)
def test_opaque(pixels, colors, options):
    image = Image.fromarray(pixels)
    result = quantize(image, colors, **options)
    distinct = colors_of(image)
    assert result.colors_before == len(distinct)
    assert len(result.palette) <= colors
    assert len(set(result.palette)) == len(result.palette)
    indices = np.asarray(result.image).reshape(-1)
    assert set(indices.tolist()) == set(range(len(result.palette)))
    assert np.array_equal(indices, slow_nearest(pixels.reshape(-1, 3), result.palette.colors))
    if len(distinct) <= colors:
        assert result.image.convert("RGB").tobytes() == image.tobytes()
    again = quantize(result.image, colors, **options)
    assert again.image.convert("RGB").tobytes() == result.image.convert("RGB").tobytes()


@settings(max_examples=300)
@given(pixels=pictures(4), colors=st.integers(2, 40), options=options, space=SPACES)
def test_alpha(pixels, colors, options, space):
    image = Image.fromarray(pixels)
    options = options | {"space": space}
    result = image.filter(KMeansQuantize(colors, **options))
    after = np.asarray(result)
    assert len(colors_of(result)) <= colors
    if len(colors_of(image)) <= colors:
        assert result.tobytes() == image.tobytes()
    transparent, opaque = pixels[..., 3] == 0, pixels[..., 3] == 255
    assert (after[transparent][:, 3] == 0).all()
    assert (after[opaque][:, 3] == 255).all()
    assert result.filter(KMeansQuantize(colors, **options)).tobytes() == result.tobytes()


@settings(max_examples=150)
@given(pixels=pictures(4), colors=st.integers(2, 40))
def test_alpha_figures_and_nearest(pixels, colors):
    image = Image.fromarray(pixels)
    result = quantize(image, colors)
    entries = result.palette.colors.astype(np.int64)
    if entries.shape[1] == 3:
        entries = np.concatenate([entries, np.full((len(entries), 1), 255)], axis=1)
    flat = pixels.reshape(-1, 4).astype(np.int64)
    flat[flat[:, 3] == 0] = 0
    places = np.asarray(result.image).reshape(-1)
    # Colours as seen over grey, and alpha weighted by its effect between black and white.
    points, targets = (
        np.concatenate([(2 * part[:, :3] - 255) * part[:, 3:], 442 * part[:, 3:]], axis=1)
        for part in (flat, entries)
    )
    distances = ((points[:, None] - targets[None]) ** 2).sum(axis=2)
    opaque_entries = entries[:, 3] == 255
    barred = (flat[:, 3] == 255)[:, None] & ~opaque_entries[None]
    distances[barred] = np.iinfo(np.int64).max
    assert np.array_equal(places, distances.argmin(axis=1))
    assert np.isclose(result.mse, squared_error(image, result.image.convert("RGBA")), rtol=1e-9)


@settings(max_examples=100)
@given(
    pixels=pictures(3),
    colors=COUNTS,
    options=options,
    space=SPACES,
    seed=st.integers(0, 5),
    times=st.integers(2, 4),
)
def test_order_and_repetition_of_pixels_change_nothing(pixels, colors, options, space, seed, times):
    image = Image.fromarray(pixels)
    options = options | {"space": space}
    shuffled = np.random.default_rng(seed).permutation(pixels.reshape(-1, 3))
    repeated = np.tile(shuffled, (times, 1))
    palette = quantize(image, colors, **options).palette
    assert quantize(Image.fromarray(shuffled[None]), colors, **options).palette == palette
    if options["init"] == "wu":
        assert quantize(Image.fromarray(repeated[None]), colors, **options).palette == palette


@settings(max_examples=100)
@given(pixels=pictures(1), colors=COUNTS)
def test_grey_modes_agree_with_rgb(pixels, colors):
    image = Image.fromarray(pixels[..., 0])
    as_rgb = image.convert("RGB").filter(KMeansQuantize(colors))
    assert image.filter(KMeansQuantize(colors)).convert("RGB").tobytes() == as_rgb.tobytes()


@settings(max_examples=60)
@given(levels=arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9))), colors=st.integers(1, 20))
def test_sixteen_bit_levels(levels, colors):
    image = Image.frombytes("I;16", levels.shape[::-1], levels.astype("<u2").tobytes())
    result = np.frombuffer(image.filter(KMeansQuantize(colors)).tobytes(), "<u2").astype(np.int64)
    entries = np.unique(result)
    assert len(entries) <= colors
    differences = np.abs(levels.reshape(-1, 1).astype(np.int64) - entries)
    assert (np.abs(result - levels.reshape(-1)) == differences.min(axis=1)).all()


def test_points_of_premultiplied_helper_agree_with_pillow():
    image = Image.new("RGBA", (1, 1), (200, 100, 0, 51))
    assert premultiplied(image).tolist() == [[40, 20, 0, 51]]
