"""Pillow images as codes: read in strips, counted, and written back with every code replaced.

Strips keep the extra memory small: no stage holds a second copy of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES
from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.codes import OPAQUE, Codes, count_codes, make_lookup
from kquant_hooks.quantizer.histogram import (
    Histogram,
    histogram_of_inks,
    histogram_of_levels,
    histogram_of_rgba,
)

_STRIP_PIXELS = 1 << 18
# A level times this is that level in R, G and B.
_GREY = np.uint32(0x010101)


def read_histogram(image: Image.Image, *, for_palette: bool) -> tuple[Histogram, Codes, Integers]:
    """The histogram, the codes that occur in the picture, and the histogram's row for each of them.

    Parameters
    ----------
    image : PIL.Image.Image
        Of a mode in ``MODES``; of an indexable one if ``for_palette``.
    for_palette : bool
        Whether colours are wanted that a palette can hold: 16-bit levels become 8-bit ones.
    """
    mode = MODES[image.mode]
    blocks = (block for _, block in _strips(image))
    codes, counts = count_codes(blocks, image.width * image.height, mode.bits)
    content = mode.content
    if content == "deep" and not for_palette:
        histogram, rows = histogram_of_levels(codes, counts)
    elif content == "inks":
        histogram, rows = histogram_of_inks(codes, counts)
    else:
        histogram, rows = histogram_of_rgba(_rgba_codes(image, codes), counts)
    return histogram, codes, rows


def replace_codes(
    image: Image.Image, codes: Codes, labels: Codes, values: Codes | None, mode: str
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
    lookup = make_lookup(codes, labels, MODES[image.mode].bits)
    if values is not None:
        values = values.astype(MODES[mode].dtype)
    result = Image.new(mode, image.size)
    for box, block in _strips(image):
        size = (box[2] - box[0], box[3] - box[1])
        found = lookup(block)
        result.paste(_from_codes(found if values is None else values.take(found), size, mode), box)
    return result


def rgba_codes_to_mode(codes: Codes, mode: str) -> Codes:
    """R, G, B, A codes as codes of a mode with at most these channels; the inverse of what reading does."""
    content = MODES[mode].content
    if content == "grey":
        return (codes & np.uint32(0xFF)).astype(np.uint8)
    if content == "grey+alpha":
        return (codes & np.uint32(0xFF) | codes >> np.uint32(16) & np.uint32(0xFF00)).astype(np.uint16)
    return codes


def palette_codes(image: Image.Image) -> Codes:
    """The R, G, B, A codes of a 'P' image's palette, black where it has no entry: shape (256,)."""
    mode = image.im.getpalettemode()
    levels = np.frombuffer(image.im.getpalette(mode, mode), np.uint8).reshape(-1, len(mode))
    full = np.zeros((256, 4), np.uint8)
    full[:, 3] = 255
    full[: len(levels), : len(mode)] = levels
    return full.view("<u4")[:, 0].astype(np.uint32)


def with_palette_codes(image: Image.Image, indices: Codes, values: Codes) -> Image.Image:
    """A copy of a 'P' image in which the palette entries at ``indices`` have the codes ``values``."""
    codes = palette_codes(image)
    codes[indices] = values
    mode = image.im.getpalettemode()
    entries = max(len(image.im.getpalette(mode, mode)) // len(mode), int(indices.max()) + 1)
    levels = codes.astype("<u4").view(np.uint8).reshape(256, 4)[:entries, : len(mode)]
    result = image.copy()
    result.putpalette(levels.tobytes(), mode)
    result.load()
    return result


def _rgba_codes(image: Image.Image, codes: Codes) -> Codes:
    content = MODES[image.mode].content
    if content == "index":
        return palette_codes(image)[codes]
    if content == "grey":
        return codes.astype(np.uint32) * _GREY | OPAQUE
    if content == "grey+alpha":
        wide = codes.astype(np.uint32)
        return (wide & np.uint32(0xFF)) * _GREY | (wide >> np.uint32(8)) << np.uint32(24)
    if content == "deep":
        return (codes.astype(np.uint32) * np.uint32(255) + np.uint32(32767)) // np.uint32(
            65535
        ) * _GREY | OPAQUE
    if content == "rgba":
        return codes
    return codes | OPAQUE


def _strips(image: Image.Image) -> Iterator[tuple[tuple[int, int, int, int], Codes]]:
    """Boxes from top to bottom and the codes in each, perhaps with padding above their width."""
    mode = MODES[image.mode]
    if image.mode == "LAB":
        # Its own raw mode has three bytes a pixel; as a mode of three plain bands it can be read as RGB.
        image = Image.merge("RGB", image.split())
    rows = max(1, _STRIP_PIXELS // max(1, image.width))
    for top in range(0, image.height, rows) if image.width else ():
        box = (0, top, image.width, min(image.height, top + rows))
        yield box, np.frombuffer(image.crop(box).tobytes("raw", mode.raw), mode.dtype)


def _from_codes(codes: Codes, size: tuple[int, int], mode: str) -> Image.Image:
    if mode == "LAB":
        return Image.merge("LAB", _from_codes(codes, size, "RGB").split())
    if mode == "1":
        return _from_codes(codes, size, "L").convert("1", dither=Image.Dither.NONE)
    return Image.frombytes(mode, size, codes.tobytes(), "raw", MODES[mode].raw)
