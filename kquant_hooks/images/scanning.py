"""Which colours an image has: all of them counted, or found while learning from a sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event
from typing import NamedTuple

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import MODES
from kquant_hooks.images.pixels import codes_in, read_histogram, rgba_codes, strips_of
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.codes import FIRST_VISIBLE, OPAQUE_BITS, Codes
from kquant_hooks.quantizer.counting import (
    MAX_LISTED_3_CHANNELS,
    MAX_LISTED_4_CHANNELS,
    MAX_SORTED_PIXELS,
    ColorSet,
    TooManyColorsError,
    count_distinct,
)
from kquant_hooks.quantizer.histogram import (
    Histogram,
    codes_of,
    histogram_of_rgba,
    in_morton_order,
    uncounted_histogram,
)
from kquant_hooks.quantizer.learning import learn_entries
from kquant_hooks.quantizer.pipeline import sample_size
from kquant_hooks.quantizer.search import SearchResult
from kquant_hooks.quantizer.threads import few_threads, in_background

_GOLDEN_RATIO = (5**0.5 - 1) / 2
# The colours of a set are listed in this many parts.
_LIST_PARTS = 8
# If a sample has at most this many colours, learning from all pixels takes no longer, and rare colours may
# matter.
_FEW_COLORS = 2048


class Listing(NamedTuple):
    """The distinct codes of an image, and the index of each code's colour in the histogram: shape (n,)."""

    codes: Codes
    inverse: Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageColors:
    """The colours of an image.

    Attributes
    ----------
    histogram : Histogram
        Of all pixels; of a sample of them if there are too many colours to list.
    listing : Listing or None
        None if there are too many colours.
    count : int
        How many colours there are; all transparent pixels count as one.
    learned : SearchResult or None
        What was learned from a sample. Not None if the colours are listed, the pixels were not counted and no
        palette is given.
    color_set : ColorSet or None
        The 24-bit codes that occur, if the pixels have no alpha and there are too many codes to list.
    """

    histogram: Histogram
    listing: Listing | None
    count: int
    learned: SearchResult | None = None
    color_set: ColorSet | None = None


def scan_colors(image: Image.Image, settings: Settings, *, counted: bool, for_palette: bool) -> ImageColors:
    """Count an image's colours, or find them and learn from a sample if that is enough.

    Parameters
    ----------
    counted : bool
        Whether listed colours must be counted.
    for_palette : bool
        As for ``read_histogram``.
    """
    size = None if counted else sample_size(settings, image.width * image.height)
    if size is not None and _is_opaque_rgb(image):
        return _scan_opaque(image, settings, size)
    try:
        histogram, codes, inverse = read_histogram(image, for_palette=for_palette, threads=settings.threads)
    except TooManyColorsError:
        return _scan_many(image, settings)
    return ImageColors(histogram=histogram, listing=Listing(codes, inverse), count=len(histogram.colors))


def _scan_opaque(image: Image.Image, settings: Settings, size: int) -> ImageColors:
    learned, enough = None, settings.palette is not None
    with _finding_colors(image, settings.threads) as found:
        # Finding colours keeps one core busy, and learning keeps another busy.
        sample = None if enough else read_sample(image, size)
        if sample and len(sample.colors) > _FEW_COLORS:
            learned, enough = learn_entries(sample, settings), True
    result = found()
    if isinstance(result, ColorSet):
        return ImageColors(
            histogram=sample or read_sample(image, size),
            listing=None,
            count=result.count(),
            learned=learned,
            color_set=result,
        )
    histogram, codes, inverse = result
    if not (enough or histogram.counted):
        histogram, codes, inverse = read_histogram(image, for_palette=True, threads=settings.threads)
    return ImageColors(
        histogram=histogram, listing=Listing(codes, inverse), count=len(histogram.colors), learned=learned
    )


def _scan_many(image: Image.Image, settings: Settings) -> ImageColors:
    """The colours of an image that has too many to list."""
    mode, pixels = MODES[image.mode], image.width * image.height
    # A sample may have twice as many pixels as asked for.
    size = (MAX_LISTED_3_CHANNELS if mode.bits == 24 else MAX_LISTED_4_CHANNELS) // 2
    sample = _with_every_kind(read_sample(image, size), image)
    weights = np.maximum(1, sample.weights * pixels // sample.weights.sum())

    def blocks() -> Iterator[Codes]:
        return (codes_in(image, box, mode) for box in strips_of(image.size))

    color_set = None
    if mode.bits == 24:
        color_set = ColorSet()
        add = color_set.adder()
        for block in blocks():
            add(block)
        count = color_set.count()
    else:
        count = count_distinct(blocks, pixels, few_threads(settings.threads))
    return ImageColors(
        histogram=replace(sample, weights=weights), listing=None, count=count, color_set=color_set
    )


def count_colors(read_images: Callable[[], Iterable[Image.Image]], threads: int | None) -> int:
    """How many distinct colours several images have together; all transparent pixels count as one.

    Parameters
    ----------
    read_images : callable
        Returns images of indexable modes each time it is called.
    threads : int, optional
        As for ``threads.in_background``.
    """

    def blocks() -> Iterator[Codes]:
        for image in read_images():
            for box in strips_of(image.size):
                codes = rgba_codes(image, codes_in(image, box, MODES[image.mode]))
                yield np.where(codes < FIRST_VISIBLE, np.uint32(0), codes)

    return count_distinct(blocks, 0, few_threads(threads))


def read_sample(image: Image.Image, pixels: int) -> Histogram:
    """The histogram of ``thinned``."""
    return read_histogram(thinned(image, pixels), for_palette=True, threads=1)[0]


def thinned(image: Image.Image, pixels: int) -> Image.Image:
    """About ``pixels`` pixels of an image, spread evenly over it.

    The distance between two is a whole number plus the golden ratio, so no pattern in the image matches it.
    """
    width, height = image.size
    down = across = _distance(math.sqrt(width * height / pixels))
    if height < down:
        down, across = 1.0, _distance(width * height / pixels)
    elif width < across:
        down, across = _distance(width * height / pixels), 1.0
    size = max(1, int(width / across)), max(1, int(height / down))
    box = (0, 0, min(width, size[0] * across), min(height, size[1] * down))
    return image.resize(size, Image.Resampling.NEAREST, box)


def _distance(wanted: float) -> float:
    return max(1, round(wanted - _GOLDEN_RATIO)) + _GOLDEN_RATIO


def _with_every_kind(sample: Histogram, image: Image.Image) -> Histogram:
    """The sample with a pixel of each kind, transparent, translucent or opaque, that it lacks."""
    if MODES[image.mode].content != "rgba":
        return sample
    codes, weights = codes_of(sample.colors), sample.weights
    opacity = codes >> np.uint32(24)
    alpha = image.getchannel("A")
    pixels = alpha.histogram()
    for least, most in ((0, 0), (1, 254), (255, 255)):
        if any(pixels[least : most + 1]) and not ((opacity >= least) & (opacity <= most)).any():
            levels = np.asarray(alpha)
            first = int(((levels >= least) & (levels <= most)).argmax())
            row, column = divmod(first, image.width)
            box = (column, row, column + 1, row + 1)
            codes = np.append(codes, codes_in(image, box, MODES[image.mode]))
            weights = np.append(weights, 1)
    return histogram_of_rgba(codes, weights)[0]


def _is_opaque_rgb(image: Image.Image) -> bool:
    """Whether an image has R, G and B, and is opaque."""
    content = MODES[image.mode].content
    return content == "rgb" or (content == "rgba" and image.getchannel("A").getextrema() == (255, 255))


@contextmanager
def _finding_colors(
    image: Image.Image, threads: int | None
) -> Iterator[Callable[[], tuple[Histogram, Codes, Integers] | ColorSet]]:
    """Find the colours of an opaque R, G, B image while the body runs; count them unless it is large.

    Yields a function to call after the body. It returns the same as ``read_histogram``, or a set of colours
    if there are too many to list.
    """
    if image.width * image.height <= MAX_SORTED_PIXELS:
        counted: list[tuple[Histogram, Codes, Integers]] = []

        def count(_: int) -> None:
            counted.append(read_histogram(image, for_palette=True, threads=1))

        with in_background(lambda: count, 1, threads):
            yield lambda: counted[0]
        return
    mode = MODES[image.mode]
    strips = strips_of(image.size)
    color_set = ColorSet()
    unread = iter(range(len(strips) - 1))
    all_read = Event()
    parts: list[Codes] = [np.empty(0, np.uint32)] * _LIST_PARTS

    def start() -> Callable[[int], None]:
        add = color_set.adder()

        def work(number: int) -> None:
            if number < len(strips):
                try:
                    add(codes_in(image, strips[number], mode))
                finally:
                    # Even after an error, so that no other thread waits.
                    if next(unread, None) is None:
                        all_read.set()
            else:
                all_read.wait()
                part = number - len(strips)
                if color_set.count() <= MAX_LISTED_3_CHANNELS:
                    parts[part] = in_morton_order(color_set.codes(part, _LIST_PARTS))

        return work

    def found() -> tuple[Histogram, Codes, Integers] | ColorSet:
        if color_set.count() > MAX_LISTED_3_CHANNELS:
            return color_set
        codes = np.concatenate(parts)
        histogram = uncounted_histogram(codes)
        return histogram, codes | OPAQUE_BITS if mode.bits == 32 else codes, np.arange(len(codes))

    with in_background(start, len(strips) + _LIST_PARTS, threads):
        yield found
