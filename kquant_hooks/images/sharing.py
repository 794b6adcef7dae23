"""One palette for many pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.quantize import prepare
from kquant_hooks.options.option import check_names
from kquant_hooks.options.settings import OPTIONS, Options, Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.histogram import Histogram
from kquant_hooks.quantizer.pipeline import cluster
from kquant_hooks.quantizer.tally import merged

# What each picture weighs where all have the same say.
_EQUAL = 1 << 24
# Sums of squared errors stay below 2**63 with so many pixels of any kind.
_MOST_PIXELS = 1 << 28


def learn_palette(
    images: Iterable[Image.Image] | Image.Image,
    colors: int = 256,
    *,
    equal_weight: bool = False,
    **options: Unpack[Options],
) -> Palette:
    """Learn one palette for many pictures, or for one.

    Parameters
    ----------
    images : iterable of PIL.Image.Image, or one such image
        Of the modes that ``quantize`` takes; at least one. They are read one after the other, and none is
        kept: however many there are, they take no more memory. Their order makes no difference.
    colors : int
        Largest number of colours, 1..256. A fully transparent colour counts.
    equal_weight : bool
        Give every picture the same say, whatever its size; otherwise every pixel has the same.
    **options
        Those of ``KMeansQuantize`` that are about palettes, such as ``fixed``, ``order`` and ``space``.

    Returns
    -------
    Palette
        For ``quantize(image, palette=...)``, for ``KMeansQuantize(palette=...)`` and to be saved.

    Raises
    ------
    ValueError
        If an option is out of range or ``palette`` is among them, if there are no pixels, for a mode that no
        palette can hold, and where transparent pixels need a colour that ``colors`` has no room for.

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
        raise ValueError("palette= leaves nothing to learn; for colours that must be in it use fixed=")
    if isinstance(images, Image.Image):
        images = [images]
    histograms = (prepare(_checked(image), settings, counted=True).histogram for image in images)
    return palette_of(histograms, settings, equal_weight=equal_weight)


def _checked(image: Image.Image) -> Image.Image:
    if not isinstance(image, Image.Image):
        raise TypeError(f"{image!r:.60} is not an image; open files with PIL.Image.open first")
    return image


def palette_of(histograms: Iterable[Histogram], settings: Settings, *, equal_weight: bool) -> Palette:
    """``learn_palette`` for pictures that are counted already."""
    total = merged(_equalized(histogram) if equal_weight else histogram for histogram in histograms)
    if not len(total.colors):
        raise ValueError("there are no pixels to learn a palette from")
    pixels = int(total.weights.sum())
    if pixels > _MOST_PIXELS:
        total = _weighing(total, np.rint(total.weights * (_MOST_PIXELS / pixels)).astype(np.int64))
    return Palette(cluster(total, settings).entries.tolist())


def _equalized(histogram: Histogram) -> Histogram:
    pixels = max(1, int(histogram.weights.sum()))
    return _weighing(histogram, histogram.weights * _EQUAL // pixels)


def _weighing(histogram: Histogram, weights: Integers) -> Histogram:
    return replace(histogram, weights=np.maximum(weights, 1))
