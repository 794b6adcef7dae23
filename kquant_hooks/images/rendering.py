"""Turns colours back into pixels: makes an image from the entries of a clustering, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from kquant_hooks.quantizer.mapping import color_set_lookup, labels_and_errors, nearest_lookup
from kquant_hooks.quantizer.pipeline import Clustering
from kquant_hooks.quantizer.threads import few_threads, for_each

# Pixels per strip if pixels need more than a lookup. In larger strips, colours lie closer together, but they
# take more memory.
FEWER_PIXELS = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A clustering of an image's colours.

    Attributes
    ----------
    clustering : Clustering
        Its figures are of all pixels if these were counted, or if the colours are not listed.
    labels : PIL.Image.Image or None
        The label of each pixel, in mode 'P' without a palette; None if the colours are listed.
    """

    clustering: Clustering
    labels: Image.Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendering:
    """An image in the colours of a clustering.

    Attributes
    ----------
    image : PIL.Image.Image
    mse : float
        Its error, as in ``Quantized``; only that of the clustering if ``measured`` is false.
    undithered_mse : float
        The same without dithering.
    """

    image: Image.Image
    mse: float
    undithered_mse: float


def render(
    image: Image.Image,
    colors: ImageColors,
    fit: Fit,
    settings: Settings,
    mode: str,
    *,
    values: Codes | None = None,
    origin: tuple[int, int] = (0, 0),
    measured: bool = True,
) -> Rendering:
    """Replace the colours of an image by entries: dithered, looked up, or each pixel by its nearest.

    Parameters
    ----------
    colors : ImageColors
        Those of the image.
    fit : Fit
    mode : str
        The mode of the new image.
    values : ndarray, shape (k,), optional
        The code of each entry in that mode; None: its index.
    origin : tuple of int
        As for ``dithered``.
    measured : bool
        Whether the error is wanted even if that takes a sum over all pixels.
    """
    clustering, listing = fit.clustering, colors.listing
    before = clustering.mse
    if settings.dither != "none" and before > 0:
        result, mse = _dithered(image, colors, clustering, settings, values, mode, origin)
        return Rendering(image=result, mse=mse, undithered_mse=before)
    if fit.labels is not None and values is None:
        return Rendering(image=fit.labels, mse=before, undithered_mse=before)
    if listing is None:
        result, mse = render_nearest(image, colors, clustering, values, mode, settings.threads)
        return Rendering(image=result, mse=mse, undithered_mse=mse)
    bits, labels = MODES[image.mode].bits, clustering.labels[listing.inverse]
    if colors.histogram.counted or not measured:
        lookup, replaced = make_lookup(listing.codes, labels, bits), _replacing(values, mode)
        boxes = strips_of(image.size)
        result = _with_each(boxes, image, lambda block: replaced(lookup(block)), mode, settings.threads)
        return Rendering(image=result, mse=before, undithered_mse=before)
    both = labels_and_errors(labels, clustering.errors[listing.inverse])
    lookup = make_lookup(listing.codes, both, bits)
    result, mse = _with_error(image, lookup, values, mode, settings.threads)
    return Rendering(image=result, mse=mse, undithered_mse=mse)


def render_nearest(
    image: Image.Image,
    colors: ImageColors,
    clustering: Clustering,
    values: Codes | None,
    mode: str,
    threads: int | None,
) -> tuple[Image.Image, float]:
    """An image whose colours are not listed with each pixel's nearest entry, and its error.

    Parameters
    ----------
    clustering : Clustering
        Of a sample.
    colors, values, mode :
        As for ``render``.
    """
    histogram, entries, bits = clustering.histogram, clustering.entries, MODES[image.mode].bits
    if colors.color_set is not None and not histogram.alpha:
        found = color_set_lookup(colors.color_set, histogram, entries, threads)
        return _with_error(image, found, values, mode, threads)
    lookup = nearest_lookup(histogram, entries, bits)
    replaced = _replacing(values, mode)
    errors: list[int] = []

    def change(block: Codes) -> Codes:
        codes = block | OPAQUE_BITS if bits == 24 else block
        labels = lookup(codes)
        present = histogram_like(histogram, codes)
        errors.append(int(squared_errors(present, entries, slice(None), labels).sum()))
        return replaced(labels)

    result = _with_each(strips_of(image.size, FEWER_PIXELS), image, change, mode, few_threads(threads))
    return result, sum(errors) / (error_scale(histogram) * image.width * image.height)


def _with_error(
    image: Image.Image, lookup: Lookup, values: Codes | None, mode: str, threads: int | None
) -> tuple[Image.Image, float]:
    """The image that a lookup of ``labels_and_errors`` gives, and its error."""
    replaced = _replacing(values, mode)
    sums: list[int] = []

    def change(block: Codes) -> Codes:
        found = lookup(block)
        sums.append(int((found >> np.uint32(8)).sum(dtype=np.uint64)))
        return replaced(found.astype(np.uint8))

    result = _with_each(strips_of(image.size), image, change, mode, threads)
    return result, sum(sums) / (image.width * image.height)


def _dithered(
    image: Image.Image,
    colors: ImageColors,
    clustering: Clustering,
    settings: Settings,
    values: Codes | None,
    mode: str,
    origin: tuple[int, int],
) -> tuple[Image.Image, float]:
    """The image with the entries that dithering gives each pixel, and its error."""
    result = Image.new(mode, image.size)
    histogram, entries, listing = clustering.histogram, clustering.entries, colors.listing
    strips = (
        _unlisted_strips(image, histogram) if listing is None else _listed_strips(image, listing, histogram)
    )
    replaced = _replacing(values, mode)
    total = 0
    boxes = strips_of(image.size, FEWER_PIXELS, whole=True)
    labelled = dithered(histogram, entries, settings, strips, colors.count, origin)
    for box, (present, color_index, labels) in zip(boxes, labelled, strict=True):
        total += int(squared_errors(present, entries, color_index.ravel(), labels.ravel()).sum())
        result.paste(_from_codes(replaced(labels), box, mode), box)
    return result, total / (error_scale(histogram) * result.width * result.height)


def _replacing(values: Codes | None, mode: str) -> Lookup:
    """A function that turns labels into codes of ``mode``; without values they are codes already."""
    return (lambda labels: labels) if values is None else values.astype(MODES[mode].dtype).take


def _listed_strips(image: Image.Image, listing: Listing, histogram: Histogram) -> Iterator[Strip]:
    """An image from top to bottom, with the index of each pixel's colour in the histogram."""
    lookup = make_lookup(listing.codes, listing.inverse.astype(np.uint32), MODES[image.mode].bits)
    for box in strips_of(image.size, FEWER_PIXELS, whole=True):
        yield histogram, lookup(codes_in(image, box, MODES[image.mode])).reshape(box[3] - box[1], -1)


def _unlisted_strips(image: Image.Image, histogram: Histogram) -> Iterator[Strip]:
    """An image from top to bottom, each strip with its own histogram, like the given one."""
    bits = MODES[image.mode].bits
    for box in strips_of(image.size, FEWER_PIXELS, whole=True):
        pixels = codes_in(image, box, MODES[image.mode])
        codes, inverse = np.unique(pixels | OPAQUE_BITS if bits == 24 else pixels, return_inverse=True)
        yield histogram_like(histogram, codes), inverse.reshape(box[3] - box[1], -1)


def _with_each(
    boxes: list[Box], image: Image.Image, change: Lookup, mode: str, threads: int | None
) -> Image.Image:
    """A new image of ``mode`` whose codes are what ``change`` makes of the image's codes, box by box."""
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
