"""Entries learned from a sample of an image, refined to the means of many more of its pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Floats, Integers, grouped_sums
from kquant_hooks.images.modes import MODES
from kquant_hooks.images.pixels import codes_in, strips_of
from kquant_hooks.images.rendering import FEWER_PIXELS
from kquant_hooks.images.scanning import ImageColors, thinned
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.codes import OPAQUE_BITS
from kquant_hooks.quantizer.coords import exact_coords, mean_colors
from kquant_hooks.quantizer.effort import EFFORTS
from kquant_hooks.quantizer.histogram import Histogram, codes_of, colors_like
from kquant_hooks.quantizer.learning import learn_entries, with_fixed
from kquant_hooks.quantizer.mapping import nearest_lookup
from kquant_hooks.quantizer.search import SearchResult
from kquant_hooks.quantizer.spaces.space import space_named
from kquant_hooks.quantizer.threads import few_threads, for_each

# With this many pixels the error is a ten-thousandth higher than with more.
_ENOUGH_PIXELS = 1 << 22
_MIN_ROUNDS, _MAX_ROUNDS = 2, 4


def learn_unlisted(image: Image.Image, colors: ImageColors, settings: Settings) -> SearchResult | None:
    """What was learned from a sample of an image; None if its histogram has all that is needed.

    If the colours are too many to list, the sample is a little too small: entries that are the means of many
    more pixels lower the error by half a per cent, and a second round lowers it by a third of that.
    """
    if colors.listing is not None or colors.learned is not None or settings.palette is not None:
        return colors.learned
    learned = learn_entries(colors.histogram, settings)
    rounds = min(_MAX_ROUNDS, max(_MIN_ROUNDS, EFFORTS[settings.effort].refine_iterations))
    if settings.max_iter is not None:
        rounds = min(rounds, settings.max_iter - learned.iterations)
    if image.width * image.height > 2 * _ENOUGH_PIXELS:
        image = thinned(image, _ENOUGH_PIXELS)
    kind, fixed = with_fixed(replace(colors.histogram, space=space_named(settings.space)), settings)
    entries = learned.entries
    for _ in range(rounds):
        entries = _means(image, kind, entries, fixed, settings.threads)
    return replace(learned, entries=entries, iterations=learned.iterations + max(0, rounds))


def _means(
    image: Image.Image, kind: Histogram, entries: Integers, fixed: Integers, threads: int | None
) -> Integers:
    """The mean of the pixels nearest to each entry.

    Opaque entries stay opaque; fixed and transparent ones do not change.
    """
    mode = MODES[image.mode]
    nearest = nearest_lookup(kind, entries, mode.bits)
    boxes = strips_of(image.size, FEWER_PIXELS)
    sums: list[Floats] = []

    def work(number: int) -> None:
        codes = codes_in(image, boxes[number], mode)
        codes = codes | OPAQUE_BITS if mode.bits == 24 else codes
        labels = nearest(codes)
        coords = exact_coords(kind, colors_like(kind, codes))
        counted = np.ones(len(codes))
        if kind.alpha:
            counted[(codes >= OPAQUE_BITS) != (entries[:, 3] == 255)[labels]] = 0
        weighted = [counted * coords[:, channel] for channel in range(coords.shape[1])]
        sums.append(np.stack(grouped_sums(labels, [counted, *weighted], len(entries))))

    for_each(lambda: work, len(boxes), few_threads(threads))
    # Sums of whole numbers are the same in any order.
    weight, *totals = np.sum(sums, axis=0)
    moved = (weight > 0) & ~np.isin(codes_of(entries), codes_of(fixed))
    if kind.alpha:
        moved &= entries[:, 3] > 0
    result = entries.copy()
    found = mean_colors(kind, weight[moved], [total[moved] for total in totals])
    if kind.alpha:
        found[found[:, 3] == 0] = 0
    result[moved] = found
    return result
