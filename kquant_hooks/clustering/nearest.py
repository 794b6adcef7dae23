"""The exactly nearest centre of every point.

Where there are many points they are taken in blocks of successive ones, which lie close together if the
points are in Morton order. The bisecting planes of the centres rule most centres out for a whole block at
once, so that some twenty of 256 remain to be compared with each point. The idea is that of the filtering
algorithm of Kanungo et al. 2002, *An efficient k-means clustering algorithm*, on runs instead of a tree.
"""

from __future__ import annotations

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers
from kquant_hooks.clustering.scores import coefficients, score_chunks

# Fewer points than this are compared with all centres; so are blocks with more candidates than that.
_FEW_POINTS = 1 << 15
_MANY_CANDIDATES = 64
# A power of two.
_BLOCK = 256
_SHORT_ROW = 8
_BLOCKS_AT_ONCE = 512
# Scores of as many blocks as this with one candidate fit into the second-level cache.
_BLOCKS_PER_PRODUCT = 1024


def nearest(coords: Floats, centers: Floats) -> tuple[Integers, Floats]:
    """Index of the nearest centre for every point, ties to the lowest index, and its score.

    Parameters
    ----------
    coords : ndarray, shape (n, d)
        Integer-valued, of a dtype in which scores are exact. The result does not depend on the order of
        the points, but many are dealt with sooner in Morton order.
    centers : ndarray, shape (k, d)
        Integer-valued; at most 256.

    Returns
    -------
    labels : ndarray of intp, shape (n,)
    scores : ndarray, shape (n,)
        Squared distance less the squared length of the point.
    """
    if len(coords) < _FEW_POINTS:
        return _nearest_of_all(coords, centers)
    blocks = -(-len(coords) // _BLOCK)
    labels = np.empty((blocks, _BLOCK), np.intp)
    best = np.empty((blocks, _BLOCK), coords.dtype)
    apart = np.abs(centers.T[:, :, None] - centers.T[:, None, :])
    for start in range(0, blocks, _BLOCKS_AT_ONCE):
        some = slice(start, min(start + _BLOCKS_AT_ONCE, blocks))
        points = _in_blocks(coords[some.start * _BLOCK : some.stop * _BLOCK])
        _find(points, centers, _candidates(points, centers, apart), labels[some], best[some])
    return labels.reshape(-1)[: len(coords)], best.reshape(-1)[: len(coords)]


def nearest_two(coords: Floats, centers: Floats) -> tuple[Integers, Floats, Floats]:
    """As ``nearest``, and the score of the second nearest centre (infinite where there is one centre)."""
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


def _candidates(points: Floats, centers: Floats, apart: Floats) -> Bools:
    """Which centres may be nearest to some point of each block: shape (blocks, k).

    A centre is out if it is farther away than the one nearest to the middle of the block's box, wherever
    in that box one looks: that is least so in the corner at which the difference of the two squared
    distances, a linear function, is lowest. All of it is in integers, and exact.

    Parameters
    ----------
    points : ndarray, shape (blocks, d + 1, _BLOCK)
    centers : ndarray, shape (k, d)
    apart : ndarray, shape (d, k, k)
        Distances between centres along each axis.
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
        margin -= apart[channel].take(closest, axis=0) * reach[:, channel, None]
    return margin <= 0


def _folded(values: Floats, extreme: np.ufunc) -> Floats:
    """The lowest or highest of each row: half of it against the other half, and so on."""
    while values.shape[-1] > _SHORT_ROW:
        half = values.shape[-1] // 2
        values = extreme(values[..., :half], values[..., half:])
    lowest: Floats = extreme.reduce(np.moveaxis(values, -1, 0).copy(), axis=0)
    return lowest


def _find(points: Floats, centers: Floats, possible: Bools, labels: Integers, best: Floats) -> None:
    """Fill ``labels`` and ``best``, shape (blocks, _BLOCK), from the candidates of each block."""
    counts = possible.sum(axis=1)
    lists = _lists(possible, counts)
    # What a list is filled up with is never nearest.
    last = np.array([[0.0] * centers.shape[1] + [np.inf]])
    rows = np.concatenate([coefficients(centers, points.dtype), last], axis=0, dtype=points.dtype)
    width, above = 1, 0
    while above < _MANY_CANDIDATES:
        alike = np.flatnonzero((counts > above) & (counts <= width))
        step = max(1, _BLOCKS_PER_PRODUCT // width)
        for start in range(0, len(alike), step):
            blocks = alike[start : start + step]
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


def _lists(possible: Bools, counts: Integers) -> Integers:
    """The numbers of the first candidates, rising, filled up with the number of centres."""
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
        Rising in each row.
    """
    lowest = scores[0]
    place = np.zeros(lowest.shape, np.uint8)
    for other in range(1, len(scores)):
        better = scores[other] < lowest
        # Of the places that were better once, the last one is the highest.
        np.maximum(place, better.view(np.uint8) * np.uint8(other), out=place)
        np.minimum(lowest, scores[other], out=lowest)
    first = np.arange(0, candidates.size, len(scores))
    return candidates.ravel().take(place + first[:, None], mode="clip"), lowest
