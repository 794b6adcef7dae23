"""First centres: Wu's variance cuts, k-means++ and the textbook's random pixels."""

from __future__ import annotations

from itertools import product

import numpy as np

from kquant_hooks.quantizer.arrays import Floats, Integers, Points, grouped_sums
from kquant_hooks.quantizer.nearest import nearest, squared_lengths

# Bins per axis of Wu's moment table, by number of dimensions: as fine as 30 to 80 thousand bins allow.
_WU_BINS = {1: 4096, 2: 180, 3: 32, 4: 16, 5: 8}


def random_pixels(points: Points, count: int, seed: int) -> Floats:
    """``count`` distinct colours, drawn pixel by pixel: shape (count, d)."""
    draw = _Draws(seed)
    weights = points.weights.copy()
    chosen = []
    for _ in range(count):
        chosen.append(draw.index(weights))
        weights[chosen[-1]] = 0
    return points.coords[chosen]


def kmeans_plus_plus(points: Points, count: int, seed: int) -> Floats:
    """Colours drawn with chances proportional to their squared distance from those drawn: (count, d).

    Arthur & Vassilvitskii 2007, *k-means++: the advantages of careful seeding*.
    """
    draw = _Draws(seed)
    lengths = squared_lengths(points.coords)
    chosen = [draw.index(points.weights)]
    distance = np.full(len(lengths), np.inf)
    for _ in range(count - 1):
        latest = points.coords[chosen[-1:]]
        np.minimum(distance, lengths + nearest(points.coords, latest)[1], out=distance)
        chosen.append(draw.index(points.weights * distance))
    return points.coords[chosen]


def farthest_points(points: Points, count: int) -> Floats:
    """Colours that add most to the error of those before them: k-means++ without chance; (count, d).

    Gonzalez 1985, *Clustering to minimize the maximum intercluster distance*, with distances weighted.
    """
    # On the grid, so that every distance is exact.
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
    """Means and weights of at most ``count`` boxes, cut where the variance falls most.

    Wu 1991, *Efficient statistical computations for optimal color quantization* (Graphics Gems II), with
    two changes: the grid lines follow the quantiles of the points, so that dark and narrow-gamut pictures
    are resolved as well as others; and of each generation the more gainful half is cut at once, not box by
    box, so that NumPy works on many.

    Returns
    -------
    means : ndarray of float64, shape (m, d)
    weights : ndarray of float64, shape (m,)
    """
    table, bins = _moment_table(points)
    dimensions = points.coords.shape[1]
    low = np.zeros((1, dimensions), np.intp)
    high = np.full((1, dimensions), bins, np.intp)
    cuts = _best_cuts(table, low, high)
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
        cuts[:, changed] = _best_cuts(table, low[changed], high[changed])
    weight, *sums = _box_moments(table, low, high)
    return np.stack(sums, axis=1) / weight[:, None], weight


def merge_pairs(means: Floats, weights: Floats, count: int) -> Floats:
    """Merge the two clusters whose union costs least until ``count`` are left: shape (count, d).

    Equitz 1989, *A new vector quantization clustering algorithm* (pairwise nearest neighbour); the cost is
    Ward's.
    """
    means, weights = means.copy(), weights.copy()
    alive = np.ones(len(means), bool)
    cost = _union_cost(means[:, None], weights[:, None], means[None], weights[None])
    np.fill_diagonal(cost, np.inf)
    partner = cost.argmin(axis=1)
    lowest = cost[np.arange(len(means)), partner]
    for _ in range(len(means) - count):
        kept = int(lowest.argmin())
        gone = int(partner[kept])
        total = weights[kept] + weights[gone]
        means[kept] = (weights[kept] * means[kept] + weights[gone] * means[gone]) / total
        weights[kept] = total
        alive[gone] = False
        row = _union_cost(means, weights, means[kept], total)
        row[kept] = np.inf
        row[~alive] = np.inf
        cost[kept], cost[:, kept] = row, row
        cost[gone], cost[:, gone] = np.inf, np.inf
        lowest[gone] = np.inf
        stale = np.flatnonzero(alive & ((partner == kept) | (partner == gone)))
        partner[stale] = cost[stale].argmin(axis=1)
        lowest[stale] = cost[stale, partner[stale]]
        partner[kept] = row.argmin()
        lowest[kept] = row[partner[kept]]
        nearer = alive & (row < lowest)
        partner[nearer] = kept
        lowest[nearer] = row[nearer]
    return means[alive]


class _Draws:
    """Weighted draws that are the same for every NumPy version: only PCG64's raw stream is used."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def index(self, weights: Floats) -> int:
        cumulative = np.cumsum(weights)
        fraction = (int(self._bits.random_raw()) >> 11) / (1 << 53)
        place = int(np.searchsorted(cumulative, fraction * cumulative[-1], side="right"))
        return min(place, int(np.flatnonzero(weights)[-1]))


def _moment_table(points: Points) -> tuple[list[Floats], int]:
    """Cumulative weight, weighted coordinates: arrays of shape (bins + 1,) * d."""
    dimensions = points.coords.shape[1]
    bins = _WU_BINS[dimensions]
    cell = np.zeros(len(points.weights), np.intp)
    for channel in range(dimensions):
        value = points.coords[:, channel]
        edges = np.sort(value)[np.arange(1, bins) * len(value) // bins]
        cell = cell * bins + np.searchsorted(edges, value, side="right")
    rows = [points.weights * points.coords[:, channel] for channel in range(dimensions)]
    table = []
    for sums in grouped_sums(cell, [points.weights, *rows], bins**dimensions):
        padded = np.zeros((bins + 1,) * dimensions)
        padded[(slice(1, None),) * dimensions] = sums.reshape((bins,) * dimensions)
        for axis in range(dimensions):
            np.cumsum(padded, axis=axis, out=padded)
        table.append(padded)
    return table, bins


def _box_moments(table: list[Floats], low: Integers, high: Integers) -> list[Floats]:
    """Each moment summed over each box: arrays of shape (boxes,)."""
    totals: list[Floats] = [np.zeros(len(low)) for _ in table]
    for corner in product((False, True), repeat=low.shape[1]):
        index = tuple(np.where(corner, high, low).T)
        sign = 1.0 if sum(corner) % 2 == low.shape[1] % 2 else -1.0
        for total, moment in zip(totals, table, strict=True):
            total += sign * moment[index]
    return totals


def _best_cuts(table: list[Floats], low: Integers, high: Integers) -> Floats:
    """For each box the error saved by its best cut (0: none), that cut's axis, and its place: (3, boxes)."""
    boxes, dimensions = low.shape
    rows = np.arange(boxes)
    places = np.arange(table[0].shape[0])
    whole = _box_moments(table, low, high)
    cuts = np.zeros((3, boxes))
    for channel in range(dimensions):
        profiles = _profiles(table, low, high, channel)
        start = low[:, channel, None]
        below: list[Floats] = [moment - np.take_along_axis(moment, start, axis=1) for moment in profiles]
        allowed = (places > start) & (places < high[:, channel, None])
        saved = np.where(allowed, _error_saved(below, whole), 0.0)
        best = saved.argmax(axis=1)
        better = saved[rows, best] > cuts[0]
        cuts[0, better] = saved[rows, best][better]
        cuts[1, better] = channel
        cuts[2, better] = best[better]
    return cuts


def _profiles(table: list[Floats], low: Integers, high: Integers, channel: int) -> list[Floats]:
    """Moments of each box's cross-section, cumulative along ``channel``: arrays (boxes, bins + 1)."""
    boxes, dimensions = low.shape
    profiles: list[Floats] = [np.zeros((boxes, moment.shape[0])) for moment in table]
    others = [axis for axis in range(dimensions) if axis != channel]
    turned = [np.moveaxis(moment, channel, -1) for moment in table]
    for corner in product((False, True), repeat=len(others)):
        sides = tuple((high if upper else low)[:, axis] for axis, upper in zip(others, corner, strict=True))
        sign = 1.0 if sum(corner) % 2 == len(others) % 2 else -1.0
        for profile, moment in zip(profiles, turned, strict=True):
            profile += sign * moment[sides]
    return profiles


def _error_saved(left: list[Floats], whole: list[Floats]) -> Floats:
    weight_left = left[0]
    weight_all = whole[0][:, None]
    weight_right = weight_all - weight_left
    saved = np.zeros(weight_left.shape)
    for moment, total in zip(left[1:], whole[1:], strict=True):
        mean_left = moment / np.maximum(weight_left, 1)
        mean_right = (total[:, None] - moment) / np.maximum(weight_right, 1)
        saved += (mean_left - mean_right) ** 2
    return saved * weight_left * weight_right / weight_all


def _union_cost(means: Floats, weights: Floats, other: Floats, other_weight: Floats) -> Floats:
    """Ward's cost of merging clusters: how much the error rises."""
    distance = np.zeros(np.broadcast_shapes(weights.shape, np.shape(other_weight)))
    for channel in range(means.shape[-1]):
        distance += (means[..., channel] - other[..., channel]) ** 2
    return weights * other_weight / (weights + other_weight) * distance
