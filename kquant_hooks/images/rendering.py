"""Images written anew, strip by strip, with every code replaced."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES
from kquant_hooks.images.pixels import Box, codes_in, strips_of
from kquant_hooks.images.scanning import ImageColors, Listing
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.codes import OPAQUE_BITS, Codes, Lookup, make_lookup
from kquant_hooks.quantizer.dithering import Strip, dithered
from kquant_hooks.quantizer.errors import error_scale, squared_errors
from kquant_hooks.quantizer.histogram import Histogram, histogram_like
from kquant_hooks.quantizer.mapping import color_set_lookup, nearest_lookup
from kquant_hooks.quantizer.pipeline import Clustering
from kquant_hooks.quantizer.threads import few_threads, for_each

# Where pixels are not just looked up, so many are worked on at a time: the colours of more of them lie closer
# together, and take more memory.
FEWER_PIXELS = 1 << 17


def replace_codes(
    image: Image.Image,
    codes: Codes,
    labels: Codes,
    values: Codes | None,
    mode: str,
    threads: int | None,
) -> Image.Image:
    """A new image of ``mode`` in which ``codes[i]`` has become ``values[labels[i]]``.

    Parameters
    ----------
    codes : ndarray, shape (n,)
        As from ``read_histogram``.
    labels : ndarray of uint8, shape (n,)
    values : ndarray, shape (k,), optional
        Codes of ``mode``; None: the labels themselves.
    """
    lookup, replaced = make_lookup(codes, labels, MODES[image.mode].bits), _replacing(values, mode)
    return _with_each(strips_of(image.size), image, lambda block: replaced(lookup(block)), mode, threads)


def replace_and_sum(
    image: Image.Image, lookup: Lookup, values: Codes | None, mode: str, threads: int | None
) -> tuple[Image.Image, int]:
    """A new image of ``mode`` of the labels of an image's codes, and the sum over its pixels of their errors.

    Parameters
    ----------
    lookup : callable
        That of ``labels_and_errors``.
    values : ndarray, shape (k,), optional
        As for ``replace_codes``.
    """
    replaced = _replacing(values, mode)
    sums: list[int] = []

    def change(block: Codes) -> Codes:
        found = lookup(block)
        sums.append(int((found >> np.uint32(8)).sum(dtype=np.uint64)))
        return replaced(found.astype(np.uint8))

    return _with_each(strips_of(image.size), image, change, mode, threads), sum(sums)


def replace_nearest(
    image: Image.Image,
    colors: ImageColors,
    clustering: Clustering,
    values: Codes | None,
    mode: str,
    threads: int | None,
) -> tuple[Image.Image, float]:
    """The same for an image whose colours are not listed, each pixel with its nearest entry, and the MSE.

    Parameters
    ----------
    colors : ImageColors
        The image's.
    clustering : Clustering
        Of a sample.
    values : ndarray, shape (k,), optional
        As for ``replace_codes``.
    """
    histogram, entries, bits = clustering.histogram, clustering.entries, MODES[image.mode].bits
    pixels = image.width * image.height
    if colors.color_set is not None and not histogram.alpha:
        found = color_set_lookup(colors.color_set, histogram, entries, threads)
        result, total = replace_and_sum(image, found, values, mode, threads)
        return result, total / pixels
    lookup = nearest_lookup(histogram, entries, bits)
    replaced = _replacing(values, mode)
    errors: list[int] = []

    def change(block: Codes) -> Codes:
        codes = block | OPAQUE_BITS if bits == 24 else block
        labels = lookup(codes)
        seen = histogram_like(histogram, codes)
        errors.append(int(squared_errors(seen, entries, slice(None), labels).sum()))
        return replaced(labels)

    result = _with_each(strips_of(image.size, FEWER_PIXELS), image, change, mode, few_threads(threads))
    return result, sum(errors) / (error_scale(histogram) * pixels)


def replace_dithered(
    image: Image.Image,
    colors: ImageColors,
    clustering: Clustering,
    settings: Settings,
    values: Codes | None,
    mode: str,
    origin: tuple[int, int] = (0, 0),
) -> tuple[Image.Image, float]:
    """A new image of ``mode`` of the entries that dithering gives each pixel, and its MSE.

    Parameters
    ----------
    colors : ImageColors
        The image's.
    values : ndarray, shape (k,), optional
        As for ``replace_codes``.
    origin : tuple of int
        As for ``dithered``.
    """
    result = Image.new(mode, image.size)
    histogram, entries, listing = clustering.histogram, clustering.entries, colors.listing
    strips = (
        _unlisted_strips(image, histogram) if listing is None else _listed_strips(image, listing, histogram)
    )
    replaced = _replacing(values, mode)
    total = 0
    boxes = strips_of(image.size, FEWER_PIXELS, whole=True)
    labelled = dithered(histogram, entries, settings, strips, colors.count, origin)
    for box, (seen, rows, labels) in zip(boxes, labelled, strict=True):
        total += int(squared_errors(seen, entries, rows.ravel(), labels.ravel()).sum())
        result.paste(_from_codes(replaced(labels), box, mode), box)
    return result, total / (error_scale(histogram) * result.width * result.height)


def _replacing(values: Codes | None, mode: str) -> Lookup:
    """What makes labels codes of ``mode``, where they are not these themselves."""
    return (lambda labels: labels) if values is None else values.astype(MODES[mode].dtype).take


def _listed_strips(image: Image.Image, listing: Listing, histogram: Histogram) -> Iterator[Strip]:
    """An image from top to bottom as rows of its histogram."""
    lookup = make_lookup(listing.codes, listing.rows.astype(np.uint32), MODES[image.mode].bits)
    for box in strips_of(image.size, FEWER_PIXELS, whole=True):
        yield histogram, lookup(codes_in(image, box, MODES[image.mode])).reshape(box[3] - box[1], -1)


def _unlisted_strips(image: Image.Image, histogram: Histogram) -> Iterator[Strip]:
    """An image from top to bottom, each strip with a histogram of its own of the given one's kind."""
    bits = MODES[image.mode].bits
    for box in strips_of(image.size, FEWER_PIXELS, whole=True):
        pixels = codes_in(image, box, MODES[image.mode])
        codes, rows = np.unique(pixels | OPAQUE_BITS if bits == 24 else pixels, return_inverse=True)
        yield histogram_like(histogram, codes), rows.reshape(box[3] - box[1], -1)


def _with_each(
    boxes: list[Box], image: Image.Image, change: Lookup, mode: str, threads: int | None
) -> Image.Image:
    """A new image of ``mode`` that has, box by box, the codes that ``change`` makes of the image's."""
    result = Image.new(mode, image.size)

    def work(number: int) -> None:
        box = boxes[number]
        changed = change(codes_in(image, box, MODES[image.mode]))
        result.paste(_from_codes(changed, box, mode), box)

    for_each(lambda: work, len(boxes), threads)
    return result


def _from_codes(codes: Codes, box: Box, mode: str) -> Image.Image:
    size = box[2] - box[0], box[3] - box[1]
    if mode == "LAB":
        return Image.merge("LAB", _from_codes(codes, box, "RGB").split())
    if mode == "1":
        return _from_codes(codes, box, "L").convert("1", dither=Image.Dither.NONE)
    return Image.frombytes(mode, size, codes.tobytes(), "raw", MODES[mode].raw)
