"""The exactly nearest centre of every point.

Many points are taken in blocks of successive ones, which lie close together if the points are in Morton
order. The bisecting planes of the centres rule out most centres for a whole block at once, so about twenty of
256 are left to compare with each point. The idea is that of the filtering algorithm of Kanungo et al. 2002,
*An efficient k-means clustering algorithm*, on runs instead of a tree.
"""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers
from kquant_hooks.clustering.scores import coefficients, score_chunks

# Points are compared with all centres if there are fewer points than _FEW_POINTS, or if their block has more
# candidates than _MANY_CANDIDATES.
_FEW_POINTS = 1 << 15
_MANY_CANDIDATES = 64
# A power of two.
_BLOCK = 256
_SHORT_ROW = 8
_BLOCKS_AT_ONCE = 512
# The scores of this many blocks with one candidate fit into the second-level cache.
_BLOCKS_PER_PRODUCT = 1024


def nearest(coords: Floats, centers: Floats) -> tuple[Integers, Floats]:
    """The index of the nearest centre of every point, ties to the lowest index, and its score.

    Parameters
    ----------
    coords : ndarray, shape (n, d)
        Integers, of a dtype in which scores are exact. The result does not depend on the order of the points,
        but Morton order is faster for many points.
    centers : ndarray, shape (k, d)
        Integers; at most 256 centres.

    Returns
    -------
    labels : ndarray of intp, shape (n,)
    scores : ndarray, shape (n,)
        Squared distance minus the squared length of the point.
    """
    if len(coords) < _FEW_POINTS:
        return _nearest_of_all(coords, centers)
    blocks = -(-len(coords) // _BLOCK)
    labels = np.empty((blocks, _BLOCK), np.intp)
    best = np.empty((blocks, _BLOCK), coords.dtype)
    axis_distances = np.abs(centers.T[:, :, None] - centers.T[:, None, :])
    for start in range(0, blocks, _BLOCKS_AT_ONCE):
        some = slice(start, min(start + _BLOCKS_AT_ONCE, blocks))
        points = _in_blocks(coords[some.start * _BLOCK : some.stop * _BLOCK])
        _fill_nearest(points, centers, _candidates(points, centers, axis_distances), labels[some], best[some])
    return labels.reshape(-1)[: len(coords)], best.reshape(-1)[: len(coords)]


def nearest_two(coords: Floats, centers: Floats) -> tuple[Integers, Floats, Floats]:
    """Like ``nearest``, with the score of the second nearest centre (infinite if there is one centre)."""
    labels = np.empty(len(coords), np.intp)
    best = np.empty(len(coords), coords.dtype)
    second = np.empty(len(coords), coords.dtype)
    for part, line, scores in score_chunks(coords, centers):
        np.argmin(scores, axis=1, out=labels[part])
        best[part] = scores[line, labels[part]]
        scores[line, labels[part]] = np.inf
        np.min(scores, axis=1, out=second[part])
    return labels, best, second


def _nearest_of_all(coords: Floats, centers: Floats) -> tuple[Integers, Floats]:
    labels = np.empty(len(coords), np.intp)
    best = np.empty(len(coords), coords.dtype)
    for part, line, scores in score_chunks(coords, centers):
        np.argmin(scores, axis=1, out=labels[part])
        best[part] = scores[line, labels[part]]
    return labels, best


def _in_blocks(coords: Floats) -> Floats:
    """``[x, 1]`` of successive points: shape (blocks, d + 1, _BLOCK); the last point fills the last block."""
    count, dimensions = coords.shape
    blocks = -(-count // _BLOCK)
    points = np.ones((blocks, dimensions + 1, _BLOCK), coords.dtype)
    whole = count // _BLOCK
    for channel in range(dimensions):
        points[:whole, channel] = coords[: whole * _BLOCK, channel].reshape(whole, _BLOCK)
        points[whole:, channel, : count % _BLOCK] = coords[whole * _BLOCK :, channel]
        points[whole:, channel, count % _BLOCK :] = coords[-1, channel]
    return points


def _candidates(points: Floats, centers: Floats, axis_distances: Floats) -> Bools:
    """Which centres may be nearest to a point of each block: shape (blocks, k).

    A centre is ruled out if, everywhere in the block's box, it is farther away than the centre nearest to the
    middle of the box. The difference of the two squared distances is a linear function, so it is enough to
    test the corner where it is lowest. All numbers are integers, and exact.

    Parameters
    ----------
    points : ndarray, shape (blocks, d + 1, _BLOCK)
    centers : ndarray, shape (k, d)
    axis_distances : ndarray, shape (d, k, k)
        The distances between centres along each axis.
    """
    low, high = (_folded(points[:, :-1], extreme) for extreme in (np.minimum, np.maximum))
    middle = np.floor((low + high) / 2)
    reach = 2 * np.maximum(high - middle, middle - low)
    margin = np.empty((len(middle), len(centers)), points.dtype)
    closest = np.empty(len(middle), np.intp)
    for part, lines, scores in score_chunks(middle, centers):
        np.argmin(scores, axis=1, out=closest[part])
        margin[part] = scores - scores[lines, closest[part], None]
    for channel in range(centers.shape[1]):
        margin -= axis_distances[channel].take(closest, axis=0) * reach[:, channel, None]
    return margin <= 0


def _folded(values: Floats, extreme: np.ufunc) -> Floats:
    """The lowest or highest value of each row: one half against the other, and so on."""
    while values.shape[-1] > _SHORT_ROW:
        half = values.shape[-1] // 2
        values = extreme(values[..., :half], values[..., half:])
    lowest: Floats = extreme.reduce(np.moveaxis(values, -1, 0).copy(), axis=0)
    return lowest


def _fill_nearest(points: Floats, centers: Floats, possible: Bools, labels: Integers, best: Floats) -> None:
    """Fill ``labels`` and ``best``, shape (blocks, _BLOCK), from the candidates of each block."""
    counts = possible.sum(axis=1)
    lists = _candidate_lists(possible, counts)
    # The last one, which pads the lists, is never nearest.
    last = np.array([[0.0] * centers.shape[1] + [np.inf]])
    rows = np.concatenate([coefficients(centers, points.dtype), last], axis=0, dtype=points.dtype)
    width, above = 1, 0
    while above < _MANY_CANDIDATES:
        same_width = np.flatnonzero((counts > above) & (counts <= width))
        step = max(1, _BLOCKS_PER_PRODUCT // width)
        for start in range(0, len(same_width), step):
            blocks = same_width[start : start + step]
            candidates = lists[blocks, :width]
            scores = np.empty((width, len(blocks), _BLOCK), points.dtype)
            np.matmul(rows[candidates], points[blocks], out=scores.transpose(1, 0, 2))
            labels[blocks], best[blocks] = _lowest(scores, candidates)
        width, above = 2 * width, width
    hard = np.flatnonzero(counts > _MANY_CANDIDATES)
    if len(hard):
        coords = points[hard, :-1].transpose(1, 0, 2).reshape(centers.shape[1], -1).T
        found, lowest = _nearest_of_all(coords, centers)
        labels[hard], best[hard] = found.reshape(-1, _BLOCK), lowest.reshape(-1, _BLOCK)


def _candidate_lists(possible: Bools, counts: Integers) -> Integers:
    """The indices of the first candidates in ascending order, padded with the number of centres."""
    block, center = np.nonzero(possible)
    place = np.arange(len(block)) - np.repeat(np.cumsum(counts) - counts, counts)
    lists = np.full((len(possible), _MANY_CANDIDATES), possible.shape[1])
    listed = place < _MANY_CANDIDATES
    lists[block[listed], place[listed]] = center[listed]
    return lists


def _lowest(scores: Floats, candidates: Integers) -> tuple[Integers, Floats]:
    """The candidate with the lowest score of each point, ties to the first, and that score.

    Parameters
    ----------
    scores : ndarray, shape (width, blocks, _BLOCK)
        The first row is overwritten.
    candidates : ndarray of intp, shape (blocks, width)
        In ascending order in each row.
    """
    lowest = scores[0]
    place = np.zeros(lowest.shape, np.uint8)
    for other in range(1, len(scores)):
        better = scores[other] < lowest
        # The last place that was better is the highest one.
        np.maximum(place, better.view(np.uint8) * np.uint8(other), out=place)
        np.minimum(lowest, scores[other], out=lowest)
    first = np.arange(0, candidates.size, len(scores))
    return candidates.ravel().take(place + first[:, None], mode="clip"), lowest
