"""Transparency: finds it wherever an image stores it, makes it binary, keeps the colours that it hides."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import MODES
from kquant_hooks.images.pixels import (
    Box,
    deep_with_alpha,
    in_rgba,
    palette_codes,
    raw_codes_in,
    rgba_codes,
    strips_of,
    with_palette_alpha,
    with_palette_codes,
)
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.codes import FIRST_VISIBLE, OPAQUE_BITS, Codes
from kquant_hooks.quantizer.counting import ColorSet
from kquant_hooks.quantizer.errors import error_scale, squared_errors
from kquant_hooks.quantizer.histogram import Histogram, uncounted_histogram
from kquant_hooks.quantizer.learning import learn_entries
from kquant_hooks.quantizer.mapping import nearest_lookup
from kquant_hooks.quantizer.tally import condensed

_PEAK = 255
_MIN_OPAQUE = 128
_BINARY_LEVELS = [0] * _MIN_OPAQUE + [_PEAK] * _MIN_OPAQUE
# Transparent entries for hidden colours may take one in this many entries, even if visible colours need them.
_HIDDEN_DIVISOR = 8


def with_transparency_in_pixels(image: Image.Image) -> Image.Image:
    """The image with any transparent colour or index that only ``info`` names moved to the pixels.

    Values of other types or out of range, as in damaged files, are ignored.
    """
    image.load()
    key = image.info.get("transparency")
    mode = MODES[image.mode]
    if mode.content == "index" and isinstance(key, int | bytes):
        return with_palette_alpha(image, key)
    if mode.content == "deep" and isinstance(key, int):
        return deep_with_alpha(image, key)
    if mode.content == "gray" and isinstance(key, int) and 0 <= key <= _PEAK:
        return image.convert("LA")
    levels = key if isinstance(key, tuple) else ()
    if image.mode == "RGB" and len(levels) == 3 and all(v in range(_PEAK + 1) for v in levels):
        return image.convert("RGBA")
    return image


def with_binary_alpha(image: Image.Image) -> Image.Image:
    """The image with an alpha of 255 where it is 128 or more, and of 0 otherwise."""
    content = MODES[image.mode].content
    if content in ("rgba", "gray+alpha"):
        result = image.copy()
        result.putalpha(image.getchannel("A").point(_BINARY_LEVELS))
        return result
    if content == "index" and image.im.getpalettemode() == "RGBA":
        codes = palette_codes(image)
        hard = np.where(codes >> np.uint32(24) < _MIN_OPAQUE, codes & ~OPAQUE_BITS, codes | OPAQUE_BITS)
        used = np.arange(len(image.getpalette("RGBA") or ()) // 4, dtype=np.uint8)
        return with_palette_codes(image, used, hard[used])
    return image


def has_translucency(image: Image.Image) -> bool:
    """Whether some pixels of an image with an alpha channel are neither opaque nor transparent."""
    content = MODES[image.mode].content
    if content not in ("rgba", "gray+alpha", "index"):
        return False
    alpha = image.convert("RGBA").getchannel("A") if content == "index" else image.getchannel("A")
    return any(alpha.histogram()[1:_PEAK])


def mse_between(image: Image.Image, other: Image.Image) -> float:
    """The MSE between two images with alpha, as in ``Quantized``; their palettes may differ."""
    total, scale = 0, 1
    for box in strips_of(image.size):
        colors, entries = (np.asarray(in_rgba(part.crop(box))).reshape(-1, 4) for part in (image, other))
        histogram = Histogram(colors, np.ones(len(colors), np.int64), alpha=True)
        total += int(squared_errors(histogram, entries, slice(None), np.arange(len(colors))).sum())
        scale = error_scale(histogram)
    return total / (scale * image.width * image.height)


def transparency_of(alphas: Integers) -> int | bytes | None:
    """The value of ``info["transparency"]`` for a palette: an index if that is enough, as GIF needs it."""
    translucent = np.flatnonzero(alphas < _PEAK)
    if not len(translucent):
        return None
    if len(translucent) == 1 and alphas[translucent[0]] == 0:
        return int(translucent[0])
    return bytes(alphas[: translucent[-1] + 1].tolist())


def hides_colors(image: Image.Image) -> bool:
    """Whether transparent pixels have a colour other than black."""
    *bands, alpha = in_rgba(image).split()
    transparent = alpha.point([_PEAK] + [0] * _PEAK)
    return any(ImageChops.multiply(band, transparent).getbbox() for band in bands)


def hidden_entries(image: Image.Image, visible: int, settings: Settings) -> Integers:
    """Transparent entries for the colours of transparent pixels: shape (m, 4), at least one if there are any.

    Each hidden colour counts once. Near visible pixels, where filters blend hidden colours in, there are few
    pixels of each, but one colour usually fills the rest. The entries may take all places that ``visible``
    colours leave free, or else a fraction of the palette, but no place that fixed colours need.
    """
    transparent = [color[:3] for color in settings.fixed or () if color[3:] == (0,)]
    needed = len(settings.fixed or ()) - len(transparent)
    most = max(settings.colors // _HIDDEN_DIVISOR, settings.colors - visible - needed)
    most = max(1, len(transparent), min(most, settings.colors - needed - 1))
    fixed = Palette(transparent) if transparent else None
    plain = Settings(most, fixed=fixed, effort=settings.effort, threads=settings.threads)
    colors = learn_entries(condensed(uncounted_histogram(hidden_codes(image))), plain).entries
    return np.pad(np.unique(colors, axis=0), ((0, 0), (0, 1)))


def with_hidden_colors(
    indexed: Image.Image, source: Image.Image, entries: Integers, index: int
) -> Image.Image:
    """A 'P' image with several transparent indices instead of one: one for each hidden colour.

    Parameters
    ----------
    indexed : PIL.Image.Image
    source : PIL.Image.Image
        The image that it was made from.
    entries : ndarray of uint8, shape (m, 4)
        The entries that replace the entry at ``index``.
    """
    moved = [min(255, number + (len(entries) - 1) * (number > index)) for number in range(256)]
    result = indexed.point(moved)
    histogram = uncounted_histogram(np.empty(0, np.uint32))
    nearest = nearest_lookup(histogram, entries[:, :3], 24)
    for box in strips_of(source.size):
        codes = _rgba_codes_in(source, box)
        transparent = codes < FIRST_VISIBLE
        if transparent.any():
            labels = np.asarray(result.crop(box)).ravel().copy()
            labels[transparent] = nearest(codes[transparent]) + np.uint8(index)
            result.paste(Image.frombytes("P", (box[2] - box[0], box[3] - box[1]), labels.tobytes()), box)
    return result


def hidden_codes(image: Image.Image) -> Codes:
    """The distinct colours of transparent pixels, as 24-bit codes in ascending order."""
    color_set = ColorSet()
    add = color_set.adder()
    for box in strips_of(image.size):
        codes = _rgba_codes_in(image, box)
        add(codes[codes < FIRST_VISIBLE])
    return color_set.codes(0, 1)


def _rgba_codes_in(image: Image.Image, box: Box) -> Codes:
    return rgba_codes(image, raw_codes_in(image, box, MODES[image.mode]))
