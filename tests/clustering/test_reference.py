"""K-means compared with a slow textbook version, written from the definition."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import premultiplied, slow_nearest
from photos import draw_photo
from PIL import Image

from kquant_hooks import quantize
from kquant_hooks.clustering.arrays import Points
from kquant_hooks.clustering.kmeans import lloyd, relative_error
from kquant_hooks.clustering.seeding import kmeans_plus_plus, random_pixels
from kquant_hooks.images.pixels import read_histogram
from kquant_hooks.quantizer.coords import fine_points
from kquant_hooks.quantizer.pipeline import _used


def textbook(pixels: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, int]:
    """Assign points to the nearest centre and recompute the means until the centres stop moving."""
    centers = centers.astype(np.float64)
    for iteration in range(1, 1000):
        labels = ((pixels[:, None] - centers[None]) ** 2).sum(axis=2).argmin(axis=1)
        moved = centers.copy()
        for label in range(len(centers)):
            if (labels == label).any():
                moved[label] = pixels[labels == label].mean(axis=0)
        if np.allclose(moved, centers, rtol=0, atol=1e-6):
            return moved, iteration
        centers = moved
    raise AssertionError("did not converge")


@pytest.mark.parametrize("seeds", [random_pixels, kmeans_plus_plus])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_lloyd_ends_where_the_textbook_ends(seeds, seed):
    photo = draw_photo(40, 30)
    points = fine_points(read_histogram(photo, for_palette=True)[0])
    start = seeds(points, 7, seed)
    descent = lloyd(points, start, None, 0.0)
    unit = 2.0 ** (points.bits - 8)
    expected, iterations = textbook(premultiplied(photo), start / unit)
    assert np.allclose(descent.centers / unit, expected, atol=1e-3)
    assert abs(descent.iterations - iterations) <= 1
    assert descent.converged


@pytest.mark.parametrize("colors", [2, 6, 20])
def test_random_init_is_the_textbook(colors):
    photo = draw_photo(40, 30)
    result = quantize(photo, colors, init="random", max_iter=None, tol=0, seed=11)
    points = fine_points(read_histogram(photo, for_palette=True)[0])
    start = random_pixels(points, colors, 11) / 2.0 ** (points.bits - 8)
    expected, _ = textbook(premultiplied(photo), start)
    found = result.palette.colors.astype(np.float64)
    distances = np.abs(found[:, None] - expected[None]).max(axis=2)
    assert (distances.min(axis=1) <= 0.51).all()
    assert result.converged


def test_random_centres_are_pixels_and_follow_the_seed():
    photo = draw_photo(40, 30)
    points = fine_points(read_histogram(photo, for_palette=True)[0])
    drawn = [random_pixels(points, 9, seed) / 2.0 ** (points.bits - 8) for seed in (1, 1, 2)]
    pixels = {tuple(pixel) for pixel in premultiplied(photo)}
    assert all(tuple(center) in pixels for center in drawn[0])
    assert len({tuple(center) for center in drawn[0]}) == 9
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_random_centres_are_distinct_even_where_one_colour_prevails():
    points = Points(np.arange(12.0)[:, None], np.array([9990.0] + [1.0] * 11), 8)
    assert len(set(random_pixels(points, 11, 0)[:, 0].tolist())) == 11


def test_kmeans_plus_plus_finds_what_is_far_away():
    points = Points(np.array([[0.0], [1.0], [2.0], [200.0]]), np.array([5000.0, 5000.0, 5000.0, 1.0]), 8)
    found = [200.0 in kmeans_plus_plus(points, 2, seed) for seed in range(20)]
    assert sum(found) >= 14


def test_entries_that_no_colour_is_nearest_to_are_dropped():
    histogram = read_histogram(Image.new("RGB", (2, 2), "#102030"), for_palette=True)[0]
    entries, mapping = _used(
        histogram, np.array([[0, 0, 0], [16, 32, 48], [255, 255, 255]], np.uint8), np.empty((0, 3), np.uint8)
    )
    assert entries.tolist() == [[16, 32, 48]]
    assert mapping.labels.tolist() == [0]


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_a_seed_makes_results_repeatable(init):
    photo = draw_photo()
    first, again, other = (quantize(photo, 8, init=init, seed=seed).palette for seed in (4, 4, 5))
    assert first == again
    assert first != other


@pytest.mark.parametrize("colors", [4, 16, 48])
def test_the_search_is_no_worse_than_many_textbook_runs(colors):
    photo = draw_photo()
    runs = [quantize(photo, colors, init="k-means++", seed=seed, tol=0).mse for seed in range(8)]
    assert quantize(photo, colors).mse <= np.median(runs)
    assert quantize(photo, colors, effort="best").mse <= 1.005 * min(runs)


@pytest.mark.parametrize("colors", [3, 16])
def test_wu_reaches_a_fixed_point_of_the_textbook_within_rounding(colors):
    photo = draw_photo()
    result = quantize(photo, colors, effort="best", tol=0)
    pixels = premultiplied(photo)
    entries = result.palette.colors
    labels = slow_nearest(pixels, entries)
    means = np.stack([pixels[labels == label].mean(axis=0) for label in range(colors)])
    assert np.abs(means - entries).max() <= 1.5


@pytest.mark.parametrize("relaxation", [1.0, 1.9])
def test_lloyd_ends_and_never_ends_higher(relaxation):
    # On such a coarse grid, moving too far nearly always raises the error.
    rng = np.random.default_rng(1)
    for _ in range(300):
        coords = rng.integers(0, 8, (rng.integers(3, 30), 2)).astype(np.float32)
        points = Points(coords, rng.integers(1, 20, len(coords)).astype(np.float64), 3)
        start = coords[: rng.integers(1, 4)]
        descent = lloyd(points, start, 500, 0.0, relaxation)
        assert descent.iterations < 500
        assert relative_error(points, descent.centers) <= relative_error(points, start) + 1e-6 * len(coords)
