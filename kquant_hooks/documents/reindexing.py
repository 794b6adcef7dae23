"""An order of palette entries in which neighbouring pixels have neighbouring indices.

Zeng, Li & Lei 2000, *An efficient color re-indexing scheme for palette-based compression*; then each entry
is put where the sum of all neighbours' differences is lowest (sifting; Rudell 1993). Differences of indices
become small, so that PNG's row filters, which otherwise do nothing for indices, make files smaller.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from kquant_hooks.images.pixels import palette_codes
from kquant_hooks.images.transparency import transparency_of, with_transparency_in_pixels

# Indices of fewer colours share bytes with three others or more, of which differences say nothing.
_MANY_COLORS = 5
# Two of these share a byte: filters are of little use, and sifting made files larger by 0.3 %.
_MOST_PACKED = 16
_STRIP_ROWS = 64
# Neighbours are counted in so many pixels at most.
_COUNTED_PIXELS = 1 << 20
_SIFTING_ROUNDS = 2


def reindexed(image: Image.Image) -> Image.Image:
    """The same picture with its palette in such an order, if it is a 'P' image of many colours.

    What is fully transparent stays in front.
    """
    count = len(image.getpalette() or []) // 3 if image.mode == "P" else 0
    # Few entries gain less than the longer list of alphas takes.
    if count < _MANY_COLORS or (count <= _MOST_PACKED and "transparency" in image.info):
        return image
    neighbors = _neighbors(image, count)
    order = _order(neighbors)
    if count > _MOST_PACKED:
        order = _sifted(neighbors, order)
    alphas = palette_codes(with_transparency_in_pixels(image))[:count] >> np.uint32(24)
    order = order[np.argsort(alphas[order] > 0, kind="stable")]
    # Pillow drops the alpha of several entries when it puts them in another order.
    opaque = image.copy()
    opaque.info.pop("transparency", None)
    result = opaque.remap_palette(order.tolist())
    transparency = transparency_of(alphas[order])
    if transparency is not None:
        result.info["transparency"] = transparency
    return result


def _neighbors(image: Image.Image, count: int) -> npt.NDArray[np.int64]:
    """How often two different indices are side by side or above each other: shape (count, count)."""
    pairs = np.zeros(count * count, np.int64)
    strips = range(0, image.height, _STRIP_ROWS)
    step = -(-image.width * image.height // _COUNTED_PIXELS)
    for top in strips[::step]:
        strip = image.crop((0, top, image.width, min(image.height, top + _STRIP_ROWS)))
        indices = np.asarray(strip).astype(np.intp)
        for one, other in ((indices[:, :-1], indices[:, 1:]), (indices[:-1], indices[1:])):
            pairs += np.bincount((one * count + other).ravel(), minlength=len(pairs))
    table = pairs.reshape(count, count)
    table = table + table.T
    np.fill_diagonal(table, 0)
    return table


def _order(neighbors: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Entries put one by one on the end of the row that is closer to their neighbours."""
    count = len(neighbors)
    # The row grows to both sides of its middle.
    row = np.zeros(2 * count + 1, np.intp)
    start = stop = count
    waiting = np.ones(count, bool)
    affinity = neighbors.sum(axis=1)
    for number in range(count):
        entry = int(np.where(waiting, affinity, -1).argmax())
        waiting[entry] = False
        placed = row[start:stop]
        leaning = number + 1 - 2 * np.arange(1, number + 1)
        if leaning @ neighbors[entry, placed] > 0:
            start -= 1
            row[start] = entry
        else:
            row[stop] = entry
            stop += 1
        affinity = neighbors[entry] if number == 0 else affinity + neighbors[entry]
    return row[start:stop]


def _sifted(neighbors: npt.NDArray[np.int64], row: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """The row after each entry was taken out and put back where it costs least, some times."""
    slots = np.arange(len(row))
    arranged = neighbors[np.ix_(row, row)]
    # How many pairs lie across each border between two places, the row's ends included.
    across = _running(np.triu(arranged).sum(axis=1) - np.tril(arranged).sum(axis=1))
    for entry in np.tile(row, _SIFTING_ROUNDS).tolist():
        place = int(np.flatnonzero(row == entry)[0])
        others = np.delete(row, place)
        pairs = neighbors[entry, others]
        before = _running(pairs)
        after = before[-1] - before
        # Without the entry, of which pairs to the left are across the borders to its left, and so on.
        across = np.concatenate(
            [across[: place + 1] - before[: place + 1], (across[1:] - after)[place + 1 :]]
        )
        weighted = _running(pairs * slots[:-1])
        apart = slots * before - weighted + (weighted[-1] - weighted) - (slots - 1) * after
        # In a slot the entry parts all pairs that are across it by one place more.
        slot = int((apart + across).argmin())
        row = np.concatenate([others[:slot], [entry], others[slot:]])
        across = np.concatenate([(across + before)[: slot + 1], (across + after)[slot:]])
    return row


def _running(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(values)])
