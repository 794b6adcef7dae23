"""First centres: Wu's variance cuts, k-means++ and random pixels, as in textbooks."""

from __future__ import annotations

from itertools import product

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points, grouped_sums
from kquant_hooks.clustering.nearest import nearest
from kquant_hooks.clustering.scores import squared_lengths

# Bins per axis of Wu's moment table, by number of dimensions: 4 to 66 thousand bins in total.
_WU_BINS = {1: 4096, 2: 180, 3: 28, 4: 16, 5: 8}


def random_pixels(points: Points, count: int, seed: int) -> Floats:
    """``count`` distinct points, drawn by weight: shape (count, d)."""
    draw = _WeightedDraws(seed)
    weights = points.weights.copy()
    chosen = []
    for _ in range(count):
        chosen.append(draw.index(weights))
        weights[chosen[-1]] = 0
    return points.coords[chosen]


def kmeans_plus_plus(points: Points, count: int, seed: int) -> Floats:
    """Points drawn with probabilities proportional to their squared distance from those drawn: (count, d).

    Arthur & Vassilvitskii 2007, *k-means++: the advantages of careful seeding*.
    """
    draw = _WeightedDraws(seed)
    lengths = squared_lengths(points.coords)
    chosen = [draw.index(points.weights)]
    distance = np.full(len(lengths), np.inf)
    for _ in range(count - 1):
        latest = points.coords[chosen[-1:]]
        np.minimum(distance, lengths + nearest(points.coords, latest)[1], out=distance)
        chosen.append(draw.index(points.weights * distance))
    return points.coords[chosen]


def farthest_points(points: Points, count: int) -> Floats:
    """Points that each add most to the error of those before them: k-means++ without randomness; (count, d).

    Gonzalez 1985, *Clustering to minimize the maximum intercluster distance*, with distances weighted.
    """
    # On the grid, so every distance is exact.
    mean = np.rint(points.weights @ points.coords / points.weights.sum())
    loss = points.weights * ((points.coords - mean) ** 2).sum(axis=1)
    distance = np.full(len(loss), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(loss))):
        chosen.append(int(loss.argmax()))
        latest = points.coords[chosen[-1]]
        distance = np.minimum(distance, ((points.coords - latest) ** 2).sum(axis=1))
        loss = points.weights * distance
    return points.coords[chosen]


def wu_cuts(points: Points, count: int) -> tuple[Floats, Floats]:
    """Means and weights of at most ``count`` boxes, cut where this lowers the variance most.

    Wu 1991, *Efficient statistical computations for optimal color quantization* (Graphics Gems II), with two
    changes. The grid lines follow the quantiles of the points, so pictures that are dark or have a narrow
    gamut are resolved as well as others. And the more gainful half of each generation is cut at once, not box
    by box, so NumPy works on many boxes.

    Returns
    -------
    means : ndarray of float64, shape (m, d)
    weights : ndarray of float64, shape (m,)
    """
    table = _moment_table(points)
    dimensions = points.coords.shape[1]
    tables = [_profiles_last(table, channel) for channel in range(dimensions)]
    low = np.zeros((1, dimensions), np.intp)
    high = np.full((1, dimensions), len(table) - 1, np.intp)
    cuts = _best_cuts(tables, _box_moments(table, low, high), low, high)
    while len(low) < count:
        gain, axis, place = cuts
        order = np.argsort(-gain, kind="stable")[: min(count - len(low), (len(low) + 1) // 2)]
        order = order[gain[order] > 0]
        if not len(order):
            break
        upper_low, upper_high = low[order], high[order]
        rows = np.arange(len(order))
        across = axis[order].astype(np.intp)
        upper_low[rows, across] = place[order]
        high[order, across] = place[order]
        changed = np.concatenate([order, len(low) + rows])
        low, high = np.concatenate([low, upper_low]), np.concatenate([high, upper_high])
        if len(low) == count:
            break
        cuts = np.concatenate([cuts, np.empty((3, len(rows)))], axis=1)
        whole = _box_moments(table, low[changed], high[changed])
        cuts[:, changed] = _best_cuts(tables, whole, low[changed], high[changed])
    moments = _box_moments(table, low, high)
    return moments[:, 1:] / moments[:, :1], moments[:, 0]


def merge_pairs(means: Floats, weights: Floats, count: int) -> Floats:
    """Merge the clusters whose union costs least until ``count`` are left: shape (count, d).

    Equitz 1989, *A new vector quantization clustering algorithm* (pairwise nearest neighbour); the cost is
    Ward's. Each round merges all pairs in which each cluster is the other's cheapest partner, not one pair:
    with Ward's cost other merges do not change that.
    """
    means, weights = means.copy(), weights.copy()
    while len(means) > count:
        cost = _union_costs(means, weights)
        partner = cost.argmin(axis=1)
        number = np.arange(len(means))
        first = np.flatnonzero((partner[partner] == number) & (number < partner))
        kept = first[np.argsort(cost[first, partner[first]], kind="stable")[: len(means) - count]]
        gone = partner[kept]
        total = weights[kept] + weights[gone]
        sums = weights[kept, None] * means[kept] + weights[gone, None] * means[gone]
        means[kept], weights[kept] = sums / total[:, None], total
        means, weights = np.delete(means, gone, axis=0), np.delete(weights, gone)
    return means


class _WeightedDraws:
    """Weighted random draws that are the same in every NumPy version: they use only PCG64's raw stream."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def index(self, weights: Floats) -> int:
        cumulative = np.cumsum(weights)
        fraction = (int(self._bits.random_raw()) >> 11) / (1 << 53)
        place = int(np.searchsorted(cumulative, fraction * cumulative[-1], side="right"))
        return min(place, int(np.flatnonzero(weights)[-1]))


def _moment_table(points: Points) -> Floats:
    """Cumulative weight and weighted coordinates: shape (bins + 1,) * d + (d + 1,)."""
    dimensions = points.coords.shape[1]
    bins = _WU_BINS[dimensions]
    cell = np.zeros(len(points.weights), np.intp)
    for channel in range(dimensions):
        value = points.coords[:, channel]
        edges = np.sort(value)[np.arange(1, bins) * len(value) // bins]
        cell = cell * bins + np.searchsorted(edges, value, side="right")
    weighted = [points.weights * points.coords[:, channel] for channel in range(dimensions)]
    table = np.zeros((bins + 1,) * dimensions + (dimensions + 1,))
    inside = (slice(1, None),) * dimensions
    for number, sums in enumerate(grouped_sums(cell, [points.weights, *weighted], bins**dimensions)):
        table[(*inside, number)] = sums.reshape((bins,) * dimensions)
    for axis in range(dimensions):
        np.cumsum(table, axis=axis, out=table)
    return table


def _profiles_last(table: Floats, channel: int) -> Floats:
    """The table with its profiles along a channel as the last axis, contiguous in memory."""
    return np.ascontiguousarray(np.moveaxis(table, channel, -1))


def _box_moments(table: Floats, low: Integers, high: Integers) -> Floats:
    """Each moment summed over each box: shape (boxes, d + 1)."""
    totals = np.zeros((len(low), table.shape[-1]))
    for corner in product((False, True), repeat=low.shape[1]):
        sign = 1.0 if sum(corner) % 2 == low.shape[1] % 2 else -1.0
        totals += sign * table[tuple(np.where(corner, high, low).T)]
    return totals


def _best_cuts(tables: list[Floats], whole: Floats, low: Integers, high: Integers) -> Floats:
    """For each box the error that its best cut saves (0: none), the cut's axis and its place: (3, boxes).

    ``whole`` holds the moments of the boxes.
    """
    rows = np.arange(len(low))
    places = np.arange(tables[0].shape[-1])
    cuts = np.zeros((3, len(low)))
    for channel, table in enumerate(tables):
        profiles = _profiles(table, np.delete(low, channel, axis=1), np.delete(high, channel, axis=1))
        start, stop = low[:, channel], high[:, channel]
        profiles -= profiles[rows, :, start][:, :, None]
        allowed = (places > start[:, None]) & (places < stop[:, None])
        saved = np.where(allowed, _error_saved(profiles, whole), 0.0)
        best = saved.argmax(axis=1)
        better = saved[rows, best] > cuts[0]
        cuts[0, better] = saved[rows, best][better]
        cuts[1, better] = channel
        cuts[2, better] = best[better]
    return cuts


def _profiles(table: Floats, low: Integers, high: Integers) -> Floats:
    """The moments of each box's cross-section, cumulative along the last axis: (boxes, d + 1, bins + 1)."""
    profiles = np.zeros((len(low), *table.shape[-2:]))
    for corner in product((False, True), repeat=low.shape[1]):
        add = np.add if sum(corner) % 2 == low.shape[1] % 2 else np.subtract
        add(profiles, table[tuple(np.where(corner, high, low).T)], out=profiles)
    return profiles


def _error_saved(left: Floats, whole: Floats) -> Floats:
    """The error that a cut at each place of boxes with moments ``whole`` saves: (boxes, bins + 1)."""
    weight = whole[:, :1]
    between = np.zeros((len(left), left.shape[-1]))
    for moment in range(1, left.shape[1]):
        between += (left[:, moment] * weight - left[:, 0] * whole[:, moment, None]) ** 2
    # A part without pixels saves nothing, so the divisor does not matter.
    return between / np.maximum(left[:, 0] * (weight - left[:, 0]) * weight, 1)


def _union_costs(means: Floats, weights: Floats) -> Floats:
    """Ward's cost of merging any two clusters, which is the rise of the error: shape (k, k)."""
    costs = np.zeros((len(means), len(means)))
    difference = np.empty_like(costs)
    for channel in range(means.shape[1]):
        np.subtract.outer(means[:, channel], means[:, channel], out=difference)
        costs += np.multiply(difference, difference, out=difference)
    costs /= np.add.outer(1 / weights, 1 / weights, out=difference)
    np.fill_diagonal(costs, np.inf)
    return costs
