"""Every distinct colour to its exactly nearest palette entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kquant_hooks.quantizer.arrays import Bools, Floats, Integers
from kquant_hooks.quantizer.histogram import Histogram, exact_coords
from kquant_hooks.quantizer.nearest import nearest
from kquant_hooks.quantizer.scores import squared_lengths


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Which entry each colour of a histogram gets.

    Attributes
    ----------
    labels : ndarray of intp, shape (n,)
        Index of the nearest entry, ties to the lowest. Opaque colours get opaque entries only, as long as
        there is one.
    errors : ndarray of int64, shape (n,)
        Exact squared distance of one pixel, in squared units of ``exact_coords`` in the histogram's space.
    """

    labels: Integers
    errors: Integers


def map_colors(histogram: Histogram, entries: Integers) -> Mapping:
    """Map to ``entries``: shape (k, d), k >= 1, of the histogram's kind."""
    coords, _, _ = exact_coords(histogram.colors, alpha=histogram.alpha, space=histogram.space)
    targets, _, _ = exact_coords(entries, alpha=histogram.alpha, space=histogram.space)
    labels = np.empty(len(coords), np.intp)
    errors = np.empty(len(coords), np.int64)
    for rows, allowed in classes(histogram, entries):
        part = coords[rows]
        if not len(part):
            continue
        places = np.flatnonzero(allowed)
        found, scores = nearest(part, targets[places])
        labels[rows] = places[found]
        errors[rows] = (scores + squared_lengths(part)).astype(np.int64)
    return Mapping(labels, errors)


def losses_of(histogram: Histogram, mapping: Mapping) -> Floats:
    """The squared error of all pixels of each colour, in float64, as there may be more than 64 bits."""
    return mapping.errors.astype(np.float64) * histogram.weights


def classes(histogram: Histogram, entries: Integers) -> list[tuple[Bools | slice, Bools]]:
    """Rows that share a set of allowed entries."""
    everything = np.ones(len(entries), bool)
    if not histogram.alpha:
        return [(slice(None), everything)]
    opaque = entries[:, 3] == 255
    if not opaque.any():
        return [(slice(None), everything)]
    rows = histogram.colors[:, 3] == 255
    return [(rows, opaque), (~rows, everything)]
