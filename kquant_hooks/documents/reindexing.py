"""Orders palette entries so that neighbouring pixels have similar indices.

Zeng, Li & Lei 2000, *An efficient color re-indexing scheme for palette-based compression*; then each entry
moves to the position with the lowest sum of differences between neighbouring indices (sifting; Rudell 1993).
Small differences make PNG's row filters, which otherwise do nothing for indices, reduce the file size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from kquant_hooks.images.pixels import palette_codes
from kquant_hooks.images.transparency import transparency_of, with_transparency_in_pixels

# With fewer colours at least four indices share a byte, and differences between bytes tell nothing.
_MIN_COLORS = 5
# With at most 16 colours two indices share a byte: filters help little, and sifting made files 0.3 % larger.
_MAX_PACKED_COLORS = 16
_STRIP_ROWS = 64
# Neighbours are counted in about this many pixels.
_MAX_COUNTED_PIXELS = 1 << 20
_SIFTING_ROUNDS = 2


def reindexed(image: Image.Image) -> Image.Image:
    """The same picture with a reordered palette, if it is a 'P' image with enough colours.

    Fully transparent entries come first.
    """
    count = len(image.getpalette() or []) // 3 if image.mode == "P" else 0
    # With few entries the longer list of alphas costs more than the order saves.
    if count < _MIN_COLORS or (count <= _MAX_PACKED_COLORS and "transparency" in image.info):
        return image
    adjacency = _adjacency(image, count)
    order = _zeng_order(adjacency)
    if count > _MAX_PACKED_COLORS:
        order = _sifted(adjacency, order)
    alphas = palette_codes(with_transparency_in_pixels(image))[:count] >> np.uint32(24)
    order = order[np.argsort(alphas[order] > 0, kind="stable")]
    # Pillow loses the alpha of the entries when it reorders them.
    opaque = image.copy()
    opaque.info.pop("transparency", None)
    result = opaque.remap_palette(order.tolist())
    transparency = transparency_of(alphas[order])
    if transparency is not None:
        result.info["transparency"] = transparency
    return result


def _adjacency(image: Image.Image, count: int) -> npt.NDArray[np.int64]:
    """How often two different indices are horizontal or vertical neighbours: shape (count, count)."""
    pairs = np.zeros(count * count, np.int64)
    strips = range(0, image.height, _STRIP_ROWS)
    step = -(-image.width * image.height // _MAX_COUNTED_PIXELS)
    for top in strips[::step]:
        strip = image.crop((0, top, image.width, min(image.height, top + _STRIP_ROWS)))
        indices = np.asarray(strip).astype(np.intp)
        for one, other in ((indices[:, :-1], indices[:, 1:]), (indices[:-1], indices[1:])):
            pairs += np.bincount((one * count + other).ravel(), minlength=len(pairs))
    table = pairs.reshape(count, count)
    table = table + table.T
    np.fill_diagonal(table, 0)
    return table


def _zeng_order(adjacency: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """A chain of all entries: each new entry joins the end that is closer to its neighbours."""
    count = len(adjacency)
    # The chain grows from the middle towards both sides.
    chain = np.zeros(2 * count + 1, np.intp)
    start = stop = count
    waiting = np.ones(count, bool)
    affinity = adjacency.sum(axis=1)
    for number in range(count):
        entry = int(np.where(waiting, affinity, -1).argmax())
        waiting[entry] = False
        placed = chain[start:stop]
        # Positive weights for the left half of the chain, negative ones for the right half.
        weights = number + 1 - 2 * np.arange(1, number + 1)
        if weights @ adjacency[entry, placed] > 0:
            start -= 1
            chain[start] = entry
        else:
            chain[stop] = entry
            stop += 1
        affinity = adjacency[entry] if number == 0 else affinity + adjacency[entry]
    return chain[start:stop]


def _sifted(adjacency: npt.NDArray[np.int64], chain: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The chain after each entry has moved to its cheapest position, ``_SIFTING_ROUNDS`` times."""
    slots = np.arange(len(chain))
    arranged = adjacency[np.ix_(chain, chain)]
    # The number of pairs that cross each gap between two positions, both ends of the chain included.
    crossings = _prefix_sums(np.triu(arranged).sum(axis=1) - np.tril(arranged).sum(axis=1))
    for entry in np.tile(chain, _SIFTING_ROUNDS).tolist():
        position = int(np.flatnonzero(chain == entry)[0])
        others = np.delete(chain, position)
        pairs = adjacency[entry, others]
        before = _prefix_sums(pairs)
        after = before[-1] - before
        # Remove the entry: its pairs to the left no longer cross the gaps to its left, and vice versa.
        crossings = np.concatenate(
            [crossings[: position + 1] - before[: position + 1], (crossings[1:] - after)[position + 1 :]]
        )
        weighted = _prefix_sums(pairs * slots[:-1])
        own_distances = slots * before - weighted + (weighted[-1] - weighted) - (slots - 1) * after
        # In a slot the entry lengthens every pair that crosses this slot by one.
        slot = int((own_distances + crossings).argmin())
        chain = np.concatenate([others[:slot], [entry], others[slot:]])
        crossings = np.concatenate([(crossings + before)[: slot + 1], (crossings + after)[slot:]])
    return chain


def _prefix_sums(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(values)])
