"""What colours an image has: all of them counted, or found while a sample is learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES
from kquant_hooks.images.pixels import codes_in, read_histogram, strips_of
from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.codes import MARKS_PARTS, MOST_SORTED_PIXELS, OPAQUE, Codes, Marks
from kquant_hooks.quantizer.histogram import Histogram, near_each_other, uncounted_histogram
from kquant_hooks.quantizer.learning import learn_entries
from kquant_hooks.quantizer.pipeline import sample_size
from kquant_hooks.quantizer.search import Learnt
from kquant_hooks.quantizer.settings import Settings
from kquant_hooks.quantizer.workers import meanwhile

_GOLDEN = (5**0.5 - 1) / 2
# With no more than these in a sample, learning from all pixels takes no longer, and rare ones may matter.
_FEW_COLORS = 2048


def survey(
    image: Image.Image, settings: Settings, *, counted: bool, for_palette: bool
) -> tuple[Histogram, Codes, Integers, Learnt | None]:
    """Count an image's colours, or find them and learn from a sample, where that is enough.

    Parameters
    ----------
    counted : bool
        Whether the colours have to be counted.
    for_palette : bool
        As for ``read_histogram``.

    Returns
    -------
    histogram, codes, rows
        As from ``read_histogram``.
    learnt : Learnt or None
        What was learnt from a sample; never None if the pixels were not counted and no palette is given.
    """
    threads = settings.threads
    pixels = None if counted else sample_size(settings, image.width * image.height)
    if pixels is None or not _is_opaque_rgb(image):
        return *read_histogram(image, for_palette=for_palette, threads=threads), None
    learnt, enough = None, settings.palette is not None
    with _finding_colors(image, threads) as found:
        # Looking for colours keeps one core busy, learning another.
        sample = None if enough else read_sample(image, pixels)
        if sample and len(sample.colors) > _FEW_COLORS:
            learnt, enough = learn_entries(sample, settings), True
    histogram, codes, rows = found()
    if enough or histogram.counted:
        return histogram, codes, rows, learnt
    return *read_histogram(image, for_palette=for_palette, threads=threads), None


def read_sample(image: Image.Image, pixels: int) -> Histogram:
    """The histogram of about so many pixels of an opaque R, G, B image, spread evenly over it.

    The distance between two is the golden ratio and a whole number, so that no pattern in the picture keeps
    step with it.
    """
    distance = max(1, round(math.sqrt(image.width * image.height / pixels) - _GOLDEN)) + _GOLDEN
    size = max(1, int(image.width / distance)), max(1, int(image.height / distance))
    box = (0, 0, min(image.width, size[0] * distance), min(image.height, size[1] * distance))
    return read_histogram(image.resize(size, Image.Resampling.NEAREST, box), for_palette=True, threads=1)[0]


def _is_opaque_rgb(image: Image.Image) -> bool:
    """Whether all there is to an image's pixels is R, G and B."""
    content = MODES[image.mode].content
    return content == "rgb" or (content == "rgba" and image.getchannel("A").getextrema() == (255, 255))


@contextmanager
def _finding_colors(
    image: Image.Image, threads: int | None
) -> Iterator[Callable[[], tuple[Histogram, Codes, Integers]]]:
    """Find an opaque R, G, B image's colours while the body runs; those of many pixels are not counted.

    Gives a function for use after the body, which returns the same as ``read_histogram``.
    """
    if image.width * image.height <= MOST_SORTED_PIXELS:
        counted: list[tuple[Histogram, Codes, Integers]] = []

        def count(_: int) -> None:
            counted.append(read_histogram(image, for_palette=True, threads=1))

        with meanwhile(lambda: count, 1, threads):
            yield lambda: counted[0]
        return
    mode = MODES[image.mode]
    strips = strips_of(image.size)
    marks = Marks()
    unread = iter(range(len(strips) - 1))
    all_read = Event()
    parts: list[Codes] = [np.empty(0, np.uint32)] * MARKS_PARTS

    def start() -> Callable[[int], None]:
        add = marks.adder()

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
                parts[part] = near_each_other(marks.codes(part))

        return work

    def found() -> tuple[Histogram, Codes, Integers]:
        codes = np.concatenate(parts)
        histogram = uncounted_histogram(codes)
        return histogram, codes | OPAQUE if mode.bits == 32 else codes, np.arange(len(codes))

    with meanwhile(start, len(strips) + MARKS_PARTS, threads):
        yield found
