"""What colours an image has: all of them counted, or found while a sample is learned from."""

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

_GOLDEN = (5**0.5 - 1) / 2
# Colours that were found are listed in so many parts.
_PARTS = 8
# With no more than these in a sample, learning from all pixels takes no longer, and rare ones may matter.
_FEW_COLORS = 2048


class Listing(NamedTuple):
    """The codes of all pixels, each once, and the histogram's row for each: shape (n,)."""

    codes: Codes
    inverse: Integers


@dataclass(frozen=True, slots=True, eq=False)
class ImageColors:
    """What colours an image has.

    Attributes
    ----------
    histogram : Histogram
        All of them; of a sample of the pixels where they are too many to be listed.
    listing : Listing or None
        None where they are too many.
    count : int
        How many there are; all that is transparent is one.
    learned : SearchResult or None
        What was learned from a sample; never None if they are listed, but the pixels were not counted and no
        palette is given.
    color_set : ColorSet or None
        Which 24-bit codes occur, if all that there is to the pixels is these, and they are too many.
    """

    histogram: Histogram
    listing: Listing | None
    count: int
    learned: SearchResult | None = None
    color_set: ColorSet | None = None


def scan_colors(image: Image.Image, settings: Settings, *, counted: bool, for_palette: bool) -> ImageColors:
    """Count an image's colours, or find them and learn from a sample, where that is enough.

    Parameters
    ----------
    counted : bool
        Whether colours that are listed have to be counted.
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
    return ImageColors(histogram, Listing(codes, inverse), len(histogram.colors))


def _scan_opaque(image: Image.Image, settings: Settings, size: int) -> ImageColors:
    learned, enough = None, settings.palette is not None
    with _finding_colors(image, settings.threads) as found:
        # Looking for colours keeps one core busy, learning another.
        sample = None if enough else read_sample(image, size)
        if sample and len(sample.colors) > _FEW_COLORS:
            learned, enough = learn_entries(sample, settings), True
    result = found()
    if isinstance(result, ColorSet):
        return ImageColors(sample or read_sample(image, size), None, result.count(), learned, result)
    histogram, codes, inverse = result
    if not (enough or histogram.counted):
        histogram, codes, inverse = read_histogram(image, for_palette=True, threads=settings.threads)
    return ImageColors(histogram, Listing(codes, inverse), len(histogram.colors), learned)


def _scan_many(image: Image.Image, settings: Settings) -> ImageColors:
    """The survey of an image whose colours are too many to be listed."""
    mode, pixels = MODES[image.mode], image.width * image.height
    # A sample may have twice as many pixels as are asked for.
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
    return ImageColors(replace(sample, weights=weights), None, count, color_set=color_set)


def count_colors(read_images: Callable[[], Iterable[Image.Image]], threads: int | None) -> int:
    """How many colours images have together, however many; all that is transparent is one.

    Parameters
    ----------
    read_images : callable
        Gives images that a palette can hold, each time that it is called.
    threads : int, optional
        As for ``threads.meanwhile``.
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
    """About so many pixels of an image, spread evenly over it.

    The distance between two is the golden ratio and a whole number, so that no pattern in the picture keeps
    step with it.
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
    return max(1, round(wanted - _GOLDEN)) + _GOLDEN


def _with_every_kind(sample: Histogram, image: Image.Image) -> Histogram:
    """With the image's first pixel of each kind that the sample does not have: clear, soft and opaque."""
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
    """Whether all there is to an image's pixels is R, G and B."""
    content = MODES[image.mode].content
    return content == "rgb" or (content == "rgba" and image.getchannel("A").getextrema() == (255, 255))


@contextmanager
def _finding_colors(
    image: Image.Image, threads: int | None
) -> Iterator[Callable[[], tuple[Histogram, Codes, Integers] | ColorSet]]:
    """Find an opaque R, G, B image's colours while the body runs; those of many pixels are not counted.

    Gives a function for use after the body, which returns the same as ``read_histogram``, or only marks where
    they are too many to be listed.
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
    parts: list[Codes] = [np.empty(0, np.uint32)] * _PARTS

    def start() -> Callable[[int], None]:
        add = color_set.adder()

        def work(number: int) -> None:
            if number < len(strips):
                try:
                    add(codes_in(image, strips[number], mode))
                finally:
                    # Even after an error, for which no other thread must wait.
                    if next(unread, None) is None:
                        all_read.set()
            else:
                all_read.wait()
                part = number - len(strips)
                if color_set.count() <= MAX_LISTED_3_CHANNELS:
                    parts[part] = in_morton_order(color_set.codes(part, _PARTS))

        return work

    def found() -> tuple[Histogram, Codes, Integers] | ColorSet:
        if color_set.count() > MAX_LISTED_3_CHANNELS:
            return color_set
        codes = np.concatenate(parts)
        histogram = uncounted_histogram(codes)
        return histogram, codes | OPAQUE_BITS if mode.bits == 32 else codes, np.arange(len(codes))

    with in_background(start, len(strips) + _PARTS, threads):
        yield found
