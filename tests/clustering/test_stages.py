"""Stages of the search compared with slow ones: Morton order, cells, and blocks that share candidates."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import slow_nearest

from kquant_hooks.clustering.arrays import Points
from kquant_hooks.clustering.cells import reduce_to_cells
from kquant_hooks.clustering.morton import morton_keys, sorting_order
from kquant_hooks.clustering.nearest import nearest


def cloud(count: int, dimensions: int, bits: int, seed: int = 3) -> np.ndarray:
    """Points in clumps and between them, some of them equal."""
    rng = np.random.default_rng(seed)
    middles = rng.integers(0, 1 << bits, (12, dimensions))
    points = middles[rng.integers(0, 12, count)] + rng.normal(0, (1 << bits) / 20, (count, dimensions))
    stray = rng.random(count) < 0.1
    points[stray] = rng.integers(0, 1 << bits, (int(stray.sum()), dimensions))
    return np.clip(np.rint(points), 0, (1 << bits) - 1)


def slow_key(point: np.ndarray, bits: int) -> int:
    digits = [format(int(value), f"0{bits}b") for value in point]
    return int("".join("".join(places) for places in zip(*digits, strict=True)), 2)


@pytest.mark.parametrize(("dimensions", "bits"), [(1, 16), (2, 7), (3, 8), (3, 10), (5, 10)])
def test_morton_keys_interleave_bits(dimensions, bits):
    points = cloud(300, dimensions, bits)
    keys = morton_keys(points, bits)
    assert keys.tolist() == [slow_key(point, bits) for point in points]
    order = sorting_order(keys, bits * dimensions)
    assert np.array_equal(order, np.argsort(keys, kind="stable"))
    assert sorting_order(keys[order], bits * dimensions) is None


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("centers", [1, 2, 16, 100, 256])
@pytest.mark.parametrize(("dimensions", "bits", "dtype"), [(3, 10, np.float32), (4, 16, np.float64)])
def test_blocks_find_the_same_as_all_comparisons(dimensions, bits, dtype, centers, in_order):
    # Not a multiple of the block size, and on a coarse grid, so that there are ties.
    points = (cloud(40_011, dimensions, bits) // 64 * 64).astype(dtype)
    if in_order:
        points = points[np.argsort(morton_keys(points, bits), kind="stable")]
    entries = points[np.random.default_rng(centers).integers(0, len(points), centers)]
    labels, scores = nearest(points, entries)
    some = np.s_[::7]
    assert np.array_equal(labels[some], slow_nearest(points[some], entries))
    distances = ((points - entries[labels]) ** 2).sum(axis=1)
    assert np.array_equal(scores + (points**2).sum(axis=1), distances)


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize(("dimensions", "bits"), [(1, 16), (3, 10), (5, 10)])
def test_cells_share_the_points_among_them(dimensions, bits, shuffled):
    coords = cloud(9000, dimensions, bits)
    if not shuffled:
        coords = coords[np.argsort(morton_keys(coords, bits), kind="stable")]
    weights = np.random.default_rng(1).integers(1, 50, len(coords)).astype(np.float64)
    cells = reduce_to_cells(Points(coords, weights, bits), 500)
    assert 250 <= len(cells.weights) <= 4000
    assert cells.weights.sum() == weights.sum()
    rounding = 0.5 * weights.sum()
    moment, expected = cells.weights @ cells.coords, weights @ coords
    assert (np.abs(moment - expected) <= rounding).all()
    assert sorting_order(morton_keys(cells.coords, bits), bits * dimensions) is None


def test_cells_do_not_depend_on_the_order_of_the_points():
    coords = cloud(9000, 3, 10)
    weights = np.random.default_rng(1).integers(1, 50, len(coords)).astype(np.float64)
    shuffle = np.random.default_rng(2).permutation(len(coords))
    one = reduce_to_cells(Points(coords, weights, 10), 500)
    other = reduce_to_cells(Points(coords[shuffle], weights[shuffle], 10), 500)
    assert np.array_equal(one.coords, other.coords)
    assert np.array_equal(one.weights, other.weights)


def test_few_points_are_left_alone():
    points = Points(cloud(400, 3, 10), np.ones(400), 10)
    assert reduce_to_cells(points, 400) is points
