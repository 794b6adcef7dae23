"""Weighted k-means: Lloyd's descent, and swaps that leave the local minima it ends in.

Lloyd 1982, *Least squares quantization in PCM*. The swaps follow the idea of breathing k-means (Fritzke
2020): centres that are cheap to lose are taken from where they help least and given to the clusters that
gain most from being split; the new state is kept only if its error is lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kquant_hooks.quantizer.arrays import Bools, Floats, Integers, Points, grouped_sums, ordered_total
from kquant_hooks.quantizer.nearest import nearest, nearest_two
from kquant_hooks.quantizer.scores import squared_lengths

# Of 1.3 to 2.1 this gave the lowest errors and was as fast as any.
RELAXATION = 1.9
_POWER_ITERATIONS = 8
_SINGLE_MOVE_CANDIDATES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """Centres, shape (k, d), on the points' grid; iterations used; whether it stopped by itself."""

    centers: Floats
    iterations: int
    converged: bool


def lloyd(
    points: Points, centers: Floats, max_iter: int | None, tol: float, relaxation: float = 1.0
) -> Descent:
    """Assign and average until an iteration lowers the error by no more than ``tol`` of it.

    With ``tol=0`` that is until the centres no longer change. A centre that no point is nearest to stays
    where it is.

    Parameters
    ----------
    relaxation : float
        How far centres go towards the means of their points: 1 is the textbook's step. Going nearly twice as
        far takes half as many iterations (over-relaxation), as a mean itself moves on in the direction in
        which its centre went. Where that raises the error, or no longer lowers it enough, the rest is done
        in plain steps.
    """
    everything = np.zeros(len(points.weights), np.intp)
    spread = grouped_sums(everything, [points.weights * squared_lengths(points.coords)], 1)[0][0]
    previous = np.inf
    iterations = 0
    means = centers
    while max_iter is None or iterations < max_iter:
        labels, scores = nearest(points.coords, centers)
        error = spread + _total(points, labels, scores, len(centers))
        iterations += 1
        if error > previous:
            centers, relaxation, previous = means, 1.0, np.inf
            continue
        means = _means(points, labels, centers)
        if np.array_equal(means, centers):
            return Descent(means, iterations, True)
        if previous - error <= tol * error:
            if relaxation == 1 or tol > 0:
                return Descent(means, iterations, True)
            relaxation = 1.0
        centers = means if relaxation == 1 else _stepped(points, centers, means, relaxation)
        previous = error
    return Descent(means, iterations, False)


def split_to(points: Points, centers: Floats, count: int) -> Floats:
    """Split the most gainful clusters until there are ``count`` centres, or nothing is left to split."""
    while len(centers) < count:
        state = _assess(points, _partition(points, centers))
        targets = np.argsort(-state.split_gain, kind="stable")[: count - len(centers)]
        targets = targets[state.split_gain[targets] > 0]
        if not len(targets):
            break
        centers = np.concatenate([state.means, state.halves[1][targets]])
        centers[targets] = state.halves[0][targets]
    return centers


def swap(points: Points, centers: Floats, tries: int, share: float, settle: int) -> Descent:
    """Move centres out of local minima, ``tries`` times at most; the error never rises.

    Parameters
    ----------
    tries : int
        How many changed states are looked at.
    share : float
        Part of the centres to move at once at first, 0..1. Halved after each try that did not pay; once
        moving one centre did not pay, the next best single moves follow.
    settle : int
        Over-relaxed Lloyd iterations after each move.
    """
    if tries == 0:
        return Descent(centers, 0, True)
    batch = max(1, round(share * len(centers)))
    partition = _partition(points, centers)
    state = _assess(points, partition)
    singles = 0
    iterations = 0
    for _ in range(tries):
        pairs = _batch_of_moves(state, batch) if singles == 0 else _single_move(state, singles)
        if not pairs:
            break
        proposal = _apply_moves(state, pairs)
        for _ in range(settle):
            labels, _ = nearest(points.coords, proposal)
            means = _means(points, labels, proposal)
            proposal = _stepped(points, proposal, means, RELAXATION)
        iterations += settle
        changed = _partition(points, proposal)
        if changed.error < partition.error:
            partition = changed
            state = _assess(points, partition)
            singles = 0
        elif len(pairs) > 1:
            batch = len(pairs) // 2
        else:
            singles += 1
    return Descent(state.means, iterations, True)


def relative_error(points: Points, centers: Floats) -> float:
    """The squared error less a constant of the points, to compare centres by."""
    labels, scores = nearest(points.coords, centers)
    return _total(points, labels, scores, len(centers))


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What moving centres would cost and gain."""

    means: Floats
    removal_cost: Floats
    split_gain: Floats
    halves: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """Points and the two centres nearest to each; ``error`` lacks a constant of the points."""

    centers: Floats
    labels: Integers
    scores: Floats
    second_scores: Floats
    error: float


def _partition(points: Points, centers: Floats) -> _Partition:
    labels, scores, second_scores = nearest_two(points.coords, centers)
    return _Partition(centers, labels, scores, second_scores, _total(points, labels, scores, len(centers)))


def _assess(points: Points, partition: _Partition) -> _State:
    means = _means(points, partition.labels, partition.centers)
    detour = points.weights * (partition.second_scores - partition.scores)
    removal_cost = grouped_sums(partition.labels, [detour], len(means))[0]
    gain, halves = _split(points, partition.labels, means)
    return _State(means, removal_cost, gain, halves)


def _split(points: Points, labels: Integers, means: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    """Cut each cluster in two: error saved, and the two means.

    Either through its mean across its principal axis, or into its worst point and the rest, which gets hold
    of outliers; whichever saves more.
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
    alone = np.zeros(len(labels), bool)
    alone[worst] = True
    gain, first, second = _cut(points.weights, offsets, labels, projection > 0, means)
    other_gain, other_first, other_second = _cut(points.weights, offsets, labels, alone, means)
    better = other_gain > gain
    first[better], second[better] = other_first[better], other_second[better]
    return np.maximum(gain, other_gain), (first, second)


def _cut(
    weights: Floats, offsets: list[Floats], labels: Integers, side: Bools, means: Floats
) -> tuple[Floats, Floats, Floats]:
    """Error saved by dividing each cluster by ``side``, and the means of the two parts."""
    count = len(means)
    rows = [weights, *(weights * offset for offset in offsets)]
    weight, *sums = grouped_sums(2 * labels + side, rows, 2 * count)
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
    return gain, np.rint(first).astype(means.dtype), np.rint(second).astype(means.dtype)


def _principal_axis(weights: Floats, offsets: list[Floats], labels: Integers, count: int) -> list[Floats]:
    """Direction of largest variance per cluster, by power iteration: one array of shape (k,) a channel.

    Not by LAPACK, whose last bits differ between builds.
    """
    dimensions = len(offsets)
    covariance: dict[tuple[int, int], Floats] = {}
    for i in range(dimensions):
        weighted = weights * offsets[i]
        for j in range(i, dimensions):
            covariance[i, j] = covariance[j, i] = grouped_sums(labels, [weighted * offsets[j]], count)[0]
    # A start that is orthogonal to no axis in practice: its components are incommensurable.
    axis = [np.full(count, 1.0 + 0.37 * channel) for channel in range(dimensions)]
    for _ in range(_POWER_ITERATIONS):
        turned = []
        for i in range(dimensions):
            total = np.zeros(count)
            for j in range(dimensions):
                total += covariance[i, j] * axis[j]
            turned.append(total)
        longest = np.zeros(count)
        for total in turned:
            np.maximum(longest, np.abs(total), out=longest)
        axis = [total / np.where(longest > 0, longest, 1.0) for total in turned]
    return axis


def _batch_of_moves(state: _State, batch: int) -> list[tuple[int, int]]:
    """Pairs (centre to take away, cluster to split), cheapest against most gainful, none named twice."""
    used: set[int] = set()
    pairs: list[tuple[int, int]] = []
    gainful = iter(np.argsort(-state.split_gain, kind="stable").tolist())
    for source in np.argsort(state.removal_cost, kind="stable").tolist():
        if len(pairs) == batch:
            break
        if source in used:
            continue
        target = next((c for c in gainful if c not in used and c != source), None)
        if target is None or state.split_gain[target] <= 0:
            break
        used |= {source, target}
        pairs.append((source, target))
    return pairs


def _single_move(state: _State, rank: int) -> list[tuple[int, int]]:
    """The pair of that rank by expected loss, among the cheapest and the most gainful centres."""
    sources = np.argsort(state.removal_cost, kind="stable")[:_SINGLE_MOVE_CANDIDATES].tolist()
    targets = np.argsort(-state.split_gain, kind="stable")[:_SINGLE_MOVE_CANDIDATES].tolist()
    pairs = [(i, j) for i in sources for j in targets if i != j and state.split_gain[j] > 0]
    pairs.sort(key=lambda pair: float(state.removal_cost[pair[0]] - state.split_gain[pair[1]]))
    return pairs[rank : rank + 1]


def _apply_moves(state: _State, pairs: list[tuple[int, int]]) -> Floats:
    centers = state.means.copy()
    for source, target in pairs:
        centers[target] = state.halves[0][target]
        centers[source] = state.halves[1][target]
    return centers


def _total(points: Points, labels: Integers, scores: Floats, count: int) -> float:
    return ordered_total(grouped_sums(labels, [points.weights * scores], count)[0])


def _stepped(points: Points, centers: Floats, means: Floats, relaxation: float) -> Floats:
    """Centres moved so many times as far as their means are, within the grid."""
    step = np.rint(relaxation * (means.astype(np.float64) - centers))
    return np.clip(centers + step, 0, (1 << points.bits) - 1).astype(means.dtype)


def _means(points: Points, labels: Integers, centers: Floats) -> Floats:
    """Cluster means rounded to the grid; a centre without points keeps its place."""
    rows = [points.weights * points.coords[:, channel] for channel in range(centers.shape[1])]
    weight, *sums = grouped_sums(labels, [points.weights, *rows], len(centers))
    filled = weight > 0
    means = centers.copy()
    for channel, total in enumerate(sums):
        means[filled, channel] = np.rint(total[filled] / weight[filled])
    return means
