"""One palette for many images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.quantize import checked_image, prepare
from kquant_hooks.options.option import check_names
from kquant_hooks.options.settings import OPTIONS, Options, Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.histogram import Histogram
from kquant_hooks.quantizer.pipeline import cluster
from kquant_hooks.quantizer.tally import merged

# The weight of each image if all have the same weight.
_EQUAL_WEIGHT = 1 << 24
# With at most this many pixels of any kind, sums of squared errors stay below 2**63.
_MAX_PIXELS = 1 << 28


def learn_palette(
    images: Iterable[Image.Image] | Image.Image,
    colors: int = 256,
    *,
    equal_weight: bool = False,
    **options: Unpack[Options],
) -> Palette:
    """Learn one palette for many images, or for one.

    Parameters
    ----------
    images : iterable of PIL.Image.Image, or one such image
        At least one, of the modes that ``quantize`` accepts. Images are read one after the other and not
        kept, so any number of them takes the same memory. Their order makes no difference.
    colors : int
        The largest number of colours, 1..256. A fully transparent colour counts.
    equal_weight : bool
        Give every image the same weight, whatever its size; otherwise every pixel has the same weight.
    **options
        Those of ``KMeansQuantize`` that concern palettes, such as ``fixed``, ``order`` and ``space``.

    Returns
    -------
    Palette
        To use with ``quantize(image, palette=...)`` or ``KMeansQuantize(palette=...)``, or to save.

    Raises
    ------
    ValueError
        If an option is out of range or is ``palette``; if there are no pixels; if a palette cannot hold the
        colours of a mode; if ``colors`` leaves no room for a transparent colour that is needed.

    Examples
    --------
    >>> from PIL import Image
    >>> sprites = [Image.linear_gradient("L"), Image.new("RGB", (8, 8), "#ff8000")]
    >>> len(learn_palette(sprites, 5))
    5
    """
    check_names("learn_palette", options, OPTIONS)
    settings = Settings(colors, **options)
    if settings.palette is not None:
        raise ValueError(
            "palette= leaves nothing to learn; use fixed= for colours that the palette must have"
        )
    if isinstance(images, Image.Image):
        images = [images]
    histograms = (
        prepare(checked_image("learn_palette", image), settings, counted=True).histogram for image in images
    )
    return palette_of(histograms, settings, equal_weight=equal_weight)


def palette_of(histograms: Iterable[Histogram], settings: Settings, *, equal_weight: bool) -> Palette:
    """``learn_palette`` for images whose colours are counted."""
    total = merged(_equalized(histogram) if equal_weight else histogram for histogram in histograms)
    if not len(total.colors):
        raise ValueError("there are no pixels to learn a palette from")
    pixels = int(total.weights.sum())
    if pixels > _MAX_PIXELS:
        total = _weighing(total, np.rint(total.weights * (_MAX_PIXELS / pixels)).astype(np.int64))
    return Palette(cluster(total, settings).entries.tolist())


def _equalized(histogram: Histogram) -> Histogram:
    pixels = max(1, int(histogram.weights.sum()))
    return _weighing(histogram, histogram.weights * _EQUAL_WEIGHT // pixels)


def _weighing(histogram: Histogram, weights: Integers) -> Histogram:
    return replace(histogram, weights=np.maximum(weights, 1))
