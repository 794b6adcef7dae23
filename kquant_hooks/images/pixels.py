"""Pillow images as codes: read in strips, counted, and written back with every code replaced.

Strips keep the extra memory small: no stage holds a second copy of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import tee

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES, Mode
from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.codes import OPAQUE, Codes, Lookup, count_codes, make_lookup
from kquant_hooks.quantizer.dithering import dithered
from kquant_hooks.quantizer.errors import parts_of_level, squared_errors
from kquant_hooks.quantizer.histogram import (
    Histogram,
    histogram_of_channels,
    histogram_of_levels,
    histogram_of_rgba,
)
from kquant_hooks.quantizer.pipeline import Clustering
from kquant_hooks.quantizer.settings import Settings
from kquant_hooks.quantizer.workers import for_each

_STRIP_PIXELS = 1 << 18
# A level times this is that level in R, G and B.
_GREY = np.uint32(0x010101)


def read_histogram(
    image: Image.Image, *, for_palette: bool, threads: int | None = None
) -> tuple[Histogram, Codes, Integers]:
    """The histogram, the codes that occur in the picture, and the histogram's row for each of them.

    Parameters
    ----------
    image : PIL.Image.Image
        Of a mode in ``MODES``; of an indexable one if ``for_palette``.
    for_palette : bool
        Whether colours are wanted that a palette can hold: 16-bit levels become 8-bit ones.
    threads : int, optional
        As for ``workers.meanwhile``.
    """
    mode = MODES[image.mode]
    readable = _readable(image)
    blocks = (codes_in(readable, box, mode) for box in strips_of(image.size))
    codes, counts = count_codes(blocks, image.width * image.height, mode.bits, threads)
    content = mode.content
    if content == "deep" and not for_palette:
        histogram, rows = histogram_of_levels(codes, counts)
    elif content in ("rgb", "channels", "inks"):
        histogram, rows = histogram_of_channels(codes, counts, mode.bits // 8)
    else:
        histogram, rows = histogram_of_rgba(rgba_codes(image, codes), counts)
    return histogram, codes, rows


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
    lookup = make_lookup(codes, labels, MODES[image.mode].bits)
    if values is None:
        return _with_each_strip(image, lookup, mode, threads)
    replacements = values.astype(MODES[mode].dtype)
    return _with_each_strip(image, lambda block: replacements.take(lookup(block)), mode, threads)


def replace_and_sum(
    image: Image.Image, codes: Codes, labels: Codes, errors: Integers, threads: int | None
) -> tuple[Image.Image, int]:
    """A new 'P' image of the labels of an image's codes, and the sum over its pixels of their errors.

    Parameters
    ----------
    errors : ndarray of int, shape (n,)
        Of each code, below 2**24.
    """
    # Both in one table: it is the access to memory that takes time.
    lookup = make_lookup(codes, errors.astype(np.uint32) << np.uint32(8) | labels, MODES[image.mode].bits)
    sums: list[int] = []

    def label(block: Codes) -> Codes:
        found = lookup(block)
        sums.append(int((found >> np.uint32(8)).sum(dtype=np.uint64)))
        return found.astype(np.uint8)

    return _with_each_strip(image, label, "P", threads), sum(sums)


def replace_dithered(
    image: Image.Image,
    codes: Codes,
    rows: Integers,
    clustering: Clustering,
    settings: Settings,
    values: Codes | None,
    mode: str,
    origin: tuple[int, int] = (0, 0),
) -> tuple[Image.Image, float]:
    """A new image of ``mode`` of the entries that dithering gives each pixel, and its MSE.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        The histogram's row for each code, as from ``read_histogram``.
    values : ndarray, shape (k,), optional
        As for ``replace_codes``.
    origin : tuple of int
        As for ``dithered``.
    """
    result = Image.new(mode, image.size)
    readable = _readable(image)
    boxes = strips_of(image.size)
    lookup = make_lookup(codes, rows.astype(np.uint32), MODES[image.mode].bits)
    strips, same = tee(
        lookup(codes_in(readable, box, MODES[image.mode])).reshape(box[3] - box[1], -1) for box in boxes
    )
    total = 0
    for box, strip, labels in zip(boxes, same, dithered(clustering, settings, strips, origin), strict=True):
        errors = squared_errors(clustering.histogram, clustering.entries, strip.ravel(), labels.ravel())
        total += int(errors.sum())
        changed = labels if values is None else values.astype(MODES[mode].dtype).take(labels)
        result.paste(_from_codes(changed, (box[2] - box[0], box[3] - box[1]), mode), box)
    parts = parts_of_level(clustering.histogram)
    return result, total / (parts * result.width * result.height)


def _with_each_strip(image: Image.Image, change: Lookup, mode: str, threads: int | None) -> Image.Image:
    """A new image of ``mode`` that has, strip by strip, the codes that ``change`` makes of the image's."""
    result = Image.new(mode, image.size)
    readable = _readable(image)
    strips = strips_of(image.size)

    def work(strip: int) -> None:
        box = strips[strip]
        changed = change(codes_in(readable, box, MODES[image.mode]))
        result.paste(_from_codes(changed, (box[2] - box[0], box[3] - box[1]), mode), box)

    for_each(lambda: work, len(strips), threads)
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
    return _with_palette(image, _levels_of(codes)[:entries, : len(mode)], mode)


def with_palette_alpha(image: Image.Image, transparency: int | bytes) -> Image.Image:
    """A copy of a 'P' image with a transparent index, or the alpha of the first entries, in its palette."""
    levels = _levels_of(palette_codes(image))
    if isinstance(transparency, bytes):
        alphas = np.frombuffer(transparency[:256], np.uint8)
        levels[: len(alphas), 3] = alphas
    elif 0 <= transparency <= 255:
        levels[transparency, 3] = 0
    result = _with_palette(image, levels, "RGBA")
    del result.info["transparency"]
    return result


def _with_palette(image: Image.Image, levels: Integers, mode: str) -> Image.Image:
    result = image.copy()
    result.putpalette(levels.tobytes(), mode)
    result.load()
    return result


def _levels_of(codes: Codes) -> Integers:
    """R, G, B, A of each code: shape (n, 4), uint8."""
    return codes.astype("<u4").view(np.uint8).reshape(-1, 4)


def deep_with_alpha(image: Image.Image, transparency: int) -> Image.Image:
    """A 16-bit grey image as 'LA', transparent where it has that level."""
    levels = np.asarray(image)
    pixels = np.stack([_to_8_bits(levels), np.where(levels == transparency, 0, 255)], axis=2)
    return Image.frombytes("LA", image.size, pixels.astype(np.uint8).tobytes())


def nearest_entry(levels: Sequence[int], color: Sequence[int]) -> int:
    """The index of the palette entry, three levels each, that is nearest to R, G, B; ties to the lowest."""
    distances = [
        sum((a - b) ** 2 for a, b in zip(levels[start : start + 3], color, strict=True))
        for start in range(0, len(levels), 3)
    ]
    return distances.index(min(distances))


def in_rgba(image: Image.Image) -> Image.Image:
    """The image in mode 'RGBA', a transparent colour that only ``info`` tells of included."""
    if MODES[image.mode].content != "deep":
        return image.convert("RGBA")
    key = image.info.get("transparency")
    return deep_with_alpha(image, key if isinstance(key, int) else -1).convert("RGBA")


def _to_8_bits(levels: Codes) -> Codes:
    return (levels.astype(np.uint32) * np.uint32(255) + np.uint32(32767)) // np.uint32(65535)


def rgba_codes(image: Image.Image, codes: Codes) -> Codes:
    """The R, G, B, A code that each code of the image stands for; 16-bit levels scaled to 8 bits."""
    content = MODES[image.mode].content
    if content == "index":
        return palette_codes(image)[codes]
    if content == "grey":
        return codes.astype(np.uint32) * _GREY | OPAQUE
    if content == "grey+alpha":
        wide = codes.astype(np.uint32)
        return (wide & np.uint32(0xFF)) * _GREY | (wide >> np.uint32(8)) << np.uint32(24)
    if content == "deep":
        return _to_8_bits(codes) * _GREY | OPAQUE
    if content == "rgba":
        return codes
    return codes | OPAQUE


def strips_of(size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Boxes that cover an image from top to bottom."""
    width, height = size
    if width == 0:
        return []
    rows = max(1, _STRIP_PIXELS // width)
    return [(0, top, width, min(height, top + rows)) for top in range(0, height, rows)]


def alike(image: Image.Image, other: Image.Image) -> bool:
    """Whether two images of one size and mode have the same pixels."""
    return all(image.crop(box).tobytes() == other.crop(box).tobytes() for box in strips_of(image.size))


def _readable(image: Image.Image) -> Image.Image:
    """The image in a mode that has the raw mode of the table."""
    # LAB's own raw mode has three bytes a pixel; as three plain bands it can be read as RGB.
    return Image.merge("RGB", image.split()) if image.mode == "LAB" else image


def codes_in(image: Image.Image, box: tuple[int, int, int, int], mode: Mode) -> Codes:
    """The codes in a box, perhaps with padding above their width."""
    return np.frombuffer(image.crop(box).tobytes("raw", mode.raw), mode.dtype)


def _from_codes(codes: Codes, size: tuple[int, int], mode: str) -> Image.Image:
    if mode == "LAB":
        return Image.merge("LAB", _from_codes(codes, size, "RGB").split())
    if mode == "1":
        return _from_codes(codes, size, "L").convert("1", dither=Image.Dither.NONE)
    return Image.frombytes(mode, size, codes.tobytes(), "raw", MODES[mode].raw)
