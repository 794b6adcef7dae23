"""Each cluster cut in two: the error that this saves, and the two centres."""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers, Points, grouped_sums
from kquant_hooks.clustering.scores import squared_lengths

_POWER_ITERATIONS = 8


def split(points: Points, labels: Integers, means: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    """Cut each cluster in two: the error saved, and the two means.

    The cut is either through the mean, across the principal axis, or between the worst point and the rest,
    which catches outliers: whichever saves more.
    """
    count, dimensions = means.shape
    offsets: list[Floats] = [
        points.coords[:, channel].astype(np.float64) - means[:, channel].astype(np.float64)[labels]
        for channel in range(dimensions)
    ]
    axis = _principal_axis(points.weights, offsets, labels, count)
    projection = np.zeros(len(labels))
    distance = np.zeros(len(labels))
    for channel in range(dimensions):
        projection += offsets[channel] * axis[channel][labels]
        distance += offsets[channel] * offsets[channel]
    loss = points.weights * distance
    highest = np.zeros(count)
    np.maximum.at(highest, labels, loss)
    worst = np.zeros(count, np.intp)
    candidates = np.flatnonzero(loss == highest[labels])
    worst[labels[candidates]] = candidates
    worst_only = np.zeros(len(labels), bool)
    worst_only[worst] = True
    gain, first, second = _cut(points, offsets, labels, projection > 0, means)
    other_gain, other_first, other_second = _cut(points, offsets, labels, worst_only, means)
    better = other_gain > gain
    first[better], second[better] = other_first[better], other_second[better]
    return np.maximum(gain, other_gain), (first, second)


def _cut(
    points: Points, offsets: list[Floats], labels: Integers, side: Bools, means: Floats
) -> tuple[Floats, Floats, Floats]:
    """The error saved by dividing each cluster by ``side``, and the means of the two parts.

    A fixed centre stays as the first of the two. The part that gains more by leaving it gets the second.
    """
    count, fixed = len(means), points.fixed
    weighted = [points.weights, *(points.weights * offset for offset in offsets)]
    weight, *sums = grouped_sums(2 * labels + side, weighted, 2 * count)
    left, right = weight[0::2], weight[1::2]
    gain = np.zeros(count)
    first, second = np.array(means, np.float64), np.array(means, np.float64)
    for channel, total in enumerate(sums):
        shift_left = total[0::2] / np.maximum(left, 1)
        shift_right = total[1::2] / np.maximum(right, 1)
        gain += (shift_left - shift_right) ** 2
        first[:, channel] += shift_left
        second[:, channel] += shift_right
    gain *= left * right / np.maximum(left + right, 1)
    if fixed:
        saved_left = left[:fixed] * squared_lengths(first[:fixed] - means[:fixed])
        saved_right = right[:fixed] * squared_lengths(second[:fixed] - means[:fixed])
        gain[:fixed] = np.maximum(saved_left, saved_right)
        second[:fixed] = np.where((saved_left > saved_right)[:, None], first[:fixed], second[:fixed])
        first[:fixed] = means[:fixed]
    return gain, np.rint(first).astype(means.dtype), np.rint(second).astype(means.dtype)


def _principal_axis(weights: Floats, offsets: list[Floats], labels: Integers, count: int) -> list[Floats]:
    """The direction of largest variance of each cluster: one array of shape (k,) per channel.

    Uses power iteration and not LAPACK, whose last bits differ between builds.
    """
    dimensions = len(offsets)
    covariance: dict[tuple[int, int], Floats] = {}
    for i in range(dimensions):
        weighted = weights * offsets[i]
        for j in range(i, dimensions):
            covariance[i, j] = covariance[j, i] = grouped_sums(labels, [weighted * offsets[j]], count)[0]
    # In practice this start is not orthogonal to any axis, as its components are incommensurable.
    axis = [np.full(count, 1.0 + 0.37 * channel) for channel in range(dimensions)]
    for _ in range(_POWER_ITERATIONS):
        products = []
        for i in range(dimensions):
            total = np.zeros(count)
            for j in range(dimensions):
                total += covariance[i, j] * axis[j]
            products.append(total)
        longest = np.zeros(count)
        for total in products:
            np.maximum(longest, np.abs(total), out=longest)
        axis = [total / np.where(longest > 0, longest, 1.0) for total in products]
    return axis
