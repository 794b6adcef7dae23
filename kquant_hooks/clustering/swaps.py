"""Swaps and kicks that move centres out of the local minima in which Lloyd's iterations end.

Swaps follow the idea of breathing k-means (Fritzke 2020): the centres that are cheapest to lose are taken
away, and the clusters that gain most from a split get them. The new state is kept only if its error is lower.
If there is plenty of time, kicks follow: a batch of swaps is made at any cost, swaps improve the
result, and it replaces the best state so far if its error is lower (iterated local search; Lourenço, Martin &
Stützle 2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kquant_hooks.clustering.arrays import Floats, Integers, Points, grouped_sums
from kquant_hooks.clustering.kmeans import RELAXATION, LloydResult, means_of, stepped, total_score
from kquant_hooks.clustering.nearest import nearest, nearest_two
from kquant_hooks.clustering.splitting import split

_SINGLE_SWAP_CANDIDATES = 6
# After a kick, more successive single swaps without a gain than this end the attempt.
_KICK_PATIENCE = 4
_KICK_SHARE = 0.06
# Kicks take centres from this many places along the order of their cost, half a batch apart.
_KICK_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlan:
    """How many swaps and kicks are tried.

    Attributes
    ----------
    tries : int
        How many changed states are tried, also after each kick.
    share : float
        The fraction of the centres to swap at once at first, 0..1. Each try without a gain halves the batch.
        Once a single swap brings no gain, the next best single swaps follow.
    lloyd_steps : int
        Over-relaxed Lloyd iterations after each swap.
    kicks : int
        How many attempts to leave the minimum are made.
    """

    tries: int
    share: float
    lloyd_steps: int
    kicks: int


def split_to(points: Points, centers: Floats, count: int) -> Floats:
    """Split the clusters that gain most until there are ``count`` centres or nothing is left to split."""
    while len(centers) < count:
        state = _assess(points, _partition(points, centers))
        targets = np.argsort(-state.split_gain, kind="stable")[: count - len(centers)]
        targets = targets[state.split_gain[targets] > 0]
        if not len(targets):
            break
        centers = np.concatenate([state.means, state.halves[1][targets]])
        centers[targets] = state.halves[0][targets]
    return centers


def swap(points: Points, centers: Floats, plan: SwapPlan, limit: int | None) -> LloydResult:
    """Swap centres out of local minima; the error never rises.

    Parameters
    ----------
    limit : int, optional
        The most Lloyd iterations in total; None: no limit.
    """
    tries = _capped(plan.tries, limit, plan)
    if tries == 0:
        return LloydResult(centers=centers, iterations=0, converged=True)
    batch = max(1, round(plan.share * len(centers)))
    best, used = _improved(points, _partition(points, centers), plan, batch, tries)
    return LloydResult(
        centers=means_of(points, best.labels, best.centers),
        iterations=used * plan.lloyd_steps,
        converged=True,
    )


def kick(points: Points, centers: Floats, plan: SwapPlan, limit: int | None) -> LloydResult:
    """Try several times to leave the minimum in which swaps have ended; the error never rises.

    The parameters are those of ``swap``.
    """
    if plan.kicks == 0:
        return LloydResult(centers=centers, iterations=0, converged=True)
    size = max(1, round(_KICK_SHARE * len(centers)))
    best = _partition(points, centers)
    used = 0
    for number in range(plan.kicks):
        tries = _capped(plan.tries, None if limit is None else limit - used * plan.lloyd_steps, plan)
        if tries == 0:
            break
        state = _assess(points, best)
        pairs = _batch_of_swaps(state, size, number % _KICK_PLACES * size // 2)
        kicked = _swapped(points, state, pairs, plan.lloyd_steps)
        other, tried = _improved(points, kicked, plan, max(1, size // 2), tries - 1, _KICK_PATIENCE)
        used += 1 + tried
        if other.error < best.error:
            best = other
    return LloydResult(
        centers=means_of(points, best.labels, best.centers),
        iterations=used * plan.lloyd_steps,
        converged=True,
    )


def _capped(tries: int, limit: int | None, plan: SwapPlan) -> int:
    """At most as many tries as the limit of Lloyd iterations allows."""
    return tries if limit is None else min(tries, limit // plan.lloyd_steps)


def _improved(
    points: Points,
    partition: _Partition,
    plan: SwapPlan,
    batch: int,
    tries: int,
    patience: int = _SINGLE_SWAP_CANDIDATES**2,
) -> tuple[_Partition, int]:
    """The partition after all swaps that lowered the error, and how many were tried."""
    state = _assess(points, partition)
    singles = 0
    for number in range(tries):
        pairs = _batch_of_swaps(state, batch, 0) if singles == 0 else _single_swap(state, singles)
        if not pairs or singles > patience:
            return partition, number
        changed = _swapped(points, state, pairs, plan.lloyd_steps)
        if changed.error < partition.error:
            partition = changed
            state = _assess(points, partition)
            singles = 0
        elif len(pairs) > 1:
            batch = len(pairs) // 2
        else:
            singles += 1
    return partition, tries


def _swapped(
    points: Points, state: _Assessment, pairs: list[tuple[int, int]], lloyd_steps: int
) -> _Partition:
    centers = _after_swaps(state, pairs)
    for _ in range(lloyd_steps):
        labels, _ = nearest(points.coords, centers)
        centers = stepped(points, centers, means_of(points, labels, centers), RELAXATION)
    return _partition(points, centers)


@dataclass(frozen=True, slots=True, eq=False)
class _Assessment:
    """What it costs to remove each centre (infinitely much if it is fixed), and what a split of it gains."""

    means: Floats
    removal_cost: Floats
    split_gain: Floats
    halves: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """The two centres nearest to each point; ``error`` lacks a constant of the points."""

    centers: Floats
    labels: Integers
    scores: Floats
    second_scores: Floats
    error: float


def _partition(points: Points, centers: Floats) -> _Partition:
    labels, scores, second_scores = nearest_two(points.coords, centers)
    return _Partition(
        centers=centers,
        labels=labels,
        scores=scores,
        second_scores=second_scores,
        error=total_score(points, labels, scores, len(centers)),
    )


def _assess(points: Points, partition: _Partition) -> _Assessment:
    means = means_of(points, partition.labels, partition.centers)
    detour = points.weights * (partition.second_scores - partition.scores)
    removal_cost = grouped_sums(partition.labels, [detour], len(means))[0]
    removal_cost[: points.fixed] = np.inf
    gain, halves = split(points, partition.labels, means)
    return _Assessment(means=means, removal_cost=removal_cost, split_gain=gain, halves=halves)


def _batch_of_swaps(state: _Assessment, batch: int, skipped: int) -> list[tuple[int, int]]:
    """Pairs (centre to remove, cluster to split): the cheapest with the most gainful, each used once.

    The first ``skipped`` of both are left out.
    """
    used: set[int] = set()
    pairs: list[tuple[int, int]] = []
    gainful = iter(np.argsort(-state.split_gain, kind="stable").tolist()[skipped:])
    for source in np.argsort(state.removal_cost, kind="stable").tolist()[skipped:]:
        if len(pairs) == batch or state.removal_cost[source] == np.inf:
            break
        if source in used:
            continue
        target = next((c for c in gainful if c not in used and c != source), None)
        if target is None or state.split_gain[target] <= 0:
            break
        used |= {source, target}
        pairs.append((source, target))
    return pairs


def _single_swap(state: _Assessment, rank: int) -> list[tuple[int, int]]:
    """The pair of this rank by expected loss, among the cheapest and the most gainful centres."""
    sources = np.argsort(state.removal_cost, kind="stable")[:_SINGLE_SWAP_CANDIDATES]
    sources = sources[state.removal_cost[sources] < np.inf].tolist()
    targets = np.argsort(-state.split_gain, kind="stable")[:_SINGLE_SWAP_CANDIDATES].tolist()
    pairs = [(i, j) for i in sources for j in targets if i != j and state.split_gain[j] > 0]
    pairs.sort(key=lambda pair: float(state.removal_cost[pair[0]] - state.split_gain[pair[1]]))
    return pairs[rank : rank + 1]


def _after_swaps(state: _Assessment, pairs: list[tuple[int, int]]) -> Floats:
    centers = state.means.copy()
    for source, target in pairs:
        centers[target] = state.halves[0][target]
        centers[source] = state.halves[1][target]
    return centers
