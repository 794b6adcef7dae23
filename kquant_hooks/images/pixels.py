"""Pillow images as codes, read in strips, so no stage holds a second copy of the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import MODES, Mode
from kquant_hooks.quantizer.codes import FIRST_VISIBLE, OPAQUE_BITS, Codes, levels_of
from kquant_hooks.quantizer.counting import count_codes
from kquant_hooks.quantizer.histogram import (
    Histogram,
    histogram_of_channels,
    histogram_of_levels,
    histogram_of_rgba,
)

Box = tuple[int, int, int, int]

_STRIP_PIXELS = 1 << 18
# A level times this factor is that level in R, G and B.
_GRAY_FACTOR = np.uint32(0x010101)


def read_histogram(
    image: Image.Image, *, for_palette: bool, threads: int | None = None
) -> tuple[Histogram, Codes, Integers]:
    """The histogram, the codes that occur in the image, and the index of each code's colour.

    Parameters
    ----------
    image : PIL.Image.Image
        Of a mode in ``MODES``; of an indexable one if ``for_palette`` is true.
    for_palette : bool
        Whether to return colours that a palette can hold: 16-bit levels become 8-bit levels.
    threads : int, optional
        As for ``threads.in_background``.

    Raises
    ------
    TooManyColorsError
        As in ``count_codes``.
    """
    mode = MODES[image.mode]
    blocks = (codes_in(image, box, mode) for box in strips_of(image.size))
    codes, counts = count_codes(blocks, image.width * image.height, mode.bits, threads)
    content = mode.content
    if content == "deep" and not for_palette:
        histogram, inverse = histogram_of_levels(codes, counts)
    elif content in ("rgb", "channels", "inks"):
        histogram, inverse = histogram_of_channels(codes, counts, mode.bits // 8)
    else:
        histogram, inverse = histogram_of_rgba(rgba_codes(image, codes), counts)
    return histogram, codes, inverse


def rgba_codes_to_mode(codes: Codes, mode: str) -> Codes:
    """R, G, B, A codes as codes of a mode with at most these channels: the inverse of ``rgba_codes``."""
    content = MODES[mode].content
    if content == "gray":
        return (codes & np.uint32(0xFF)).astype(np.uint8)
    if content == "gray+alpha":
        return (codes & np.uint32(0xFF) | codes >> np.uint32(16) & np.uint32(0xFF00)).astype(np.uint16)
    return codes


def palette_codes(image: Image.Image) -> Codes:
    """The R, G, B, A codes of a 'P' image's palette; missing entries are black: shape (256,)."""
    mode = image.im.getpalettemode()
    levels = np.frombuffer(image.im.getpalette(mode, mode), np.uint8).reshape(-1, len(mode))
    full = np.zeros((256, 4), np.uint8)
    full[:, 3] = 255
    full[: len(levels), : len(mode)] = levels
    return full.view("<u4")[:, 0].astype(np.uint32)


def with_palette_codes(image: Image.Image, indices: Codes, values: Codes) -> Image.Image:
    """A copy of a 'P' image whose palette entries at ``indices`` have the codes ``values``."""
    codes = palette_codes(image)
    codes[indices] = values
    mode = image.im.getpalettemode()
    entries = max(len(image.im.getpalette(mode, mode)) // len(mode), int(indices.max()) + 1)
    return _with_palette(image, levels_of(codes)[:entries, : len(mode)], mode)


def with_palette_alpha(image: Image.Image, transparency: int | bytes) -> Image.Image:
    """A copy of a 'P' image with a transparent index, or the alpha of its first entries, in its palette."""
    levels = levels_of(palette_codes(image))
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


def deep_with_alpha(image: Image.Image, transparency: int) -> Image.Image:
    """A 16-bit grey image as 'LA', transparent where it has the level ``transparency``."""
    result = Image.new("LA", image.size)
    for box in strips_of(image.size):
        levels = raw_codes_in(image, box, MODES[image.mode])
        pixels = np.full((len(levels), 2), 255, np.uint8)
        pixels[:, 0] = _to_8_bits(levels)
        pixels[levels == transparency, 1] = 0
        result.paste(Image.frombytes("LA", (box[2] - box[0], box[3] - box[1]), pixels.tobytes()), box)
    return result


def nearest_entry(levels: Sequence[int], color: Sequence[int]) -> int:
    """The index of the palette entry, of three levels each, nearest to R, G, B; ties to the lowest."""
    distances = [
        sum((a - b) ** 2 for a, b in zip(levels[start : start + 3], color, strict=True))
        for start in range(0, len(levels), 3)
    ]
    return distances.index(min(distances))


def in_rgba(image: Image.Image) -> Image.Image:
    """The image in mode 'RGBA', with any transparent colour that only ``info`` names."""
    if MODES[image.mode].content != "deep":
        return image.convert("RGBA")
    key = image.info.get("transparency")
    return deep_with_alpha(image, key if isinstance(key, int) else -1).convert("RGBA")


def _to_8_bits(levels: Codes) -> Codes:
    return (levels.astype(np.uint32) * np.uint32(255) + np.uint32(32767)) // np.uint32(65535)


def rgba_codes(image: Image.Image, codes: Codes) -> Codes:
    """The R, G, B, A codes that codes of the image mean; 16-bit levels are scaled to 8 bits."""
    content = MODES[image.mode].content
    if content == "index":
        return palette_codes(image)[codes]
    if content == "gray":
        return codes.astype(np.uint32) * _GRAY_FACTOR | OPAQUE_BITS
    if content == "gray+alpha":
        wide = codes.astype(np.uint32)
        return (wide & np.uint32(0xFF)) * _GRAY_FACTOR | (wide >> np.uint32(8)) << np.uint32(24)
    if content == "deep":
        return _to_8_bits(codes) * _GRAY_FACTOR | OPAQUE_BITS
    if content == "rgba":
        return codes
    return codes | OPAQUE_BITS


def strips_of(size: tuple[int, int], pixels: int = _STRIP_PIXELS, *, whole: bool = False) -> list[Box]:
    """Boxes of about ``pixels`` pixels that cover an image from top to bottom.

    Rows that are longer are cut unless ``whole`` is true.
    """
    width, height = size
    rows = max(1, pixels // max(1, width))
    columns = width if whole else pixels
    return [
        (left, top, min(width, left + columns), min(height, top + rows))
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]


def same_pixels(image: Image.Image, other: Image.Image) -> bool:
    """Whether two images of the same size and mode have the same pixels."""
    return all(image.crop(box).tobytes() == other.crop(box).tobytes() for box in strips_of(image.size))


def codes_in(image: Image.Image, box: Box, mode: Mode) -> Codes:
    """The codes in a box, perhaps with padding above their width; transparent pixels have the code 0."""
    codes = raw_codes_in(image, box, mode)
    if mode.content == "rgba":
        transparent = codes < FIRST_VISIBLE
        if transparent.any():
            return np.where(transparent, np.uint32(0), codes)
    return codes


def raw_codes_in(image: Image.Image, box: Box, mode: Mode) -> Codes:
    """The codes in a box as they are stored, with the colours of transparent pixels."""
    part = image.crop(box)
    if image.mode == "LAB":
        # The raw mode of LAB has three bytes per pixel; its three bands can be read as RGB.
        part = Image.merge("RGB", part.split())
    return np.frombuffer(part.tobytes("raw", mode.raw), mode.dtype)
