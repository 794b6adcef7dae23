"""A Pillow image quantized: as an indexed image with its figures, or in its own mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES, mode_of
from kquant_hooks.images.pixels import (
    deep_with_alpha,
    replace_and_sum,
    replace_codes,
    rgba_codes_to_mode,
    with_palette_alpha,
    with_palette_codes,
)
from kquant_hooks.images.survey import survey
from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.codes import Codes
from kquant_hooks.quantizer.histogram import Histogram, codes_of, opaque_rows
from kquant_hooks.quantizer.palette import Palette
from kquant_hooks.quantizer.pipeline import Clustering, cluster, psnr_of
from kquant_hooks.quantizer.search import Learnt
from kquant_hooks.quantizer.settings import Settings

# Entries of ``info`` that speak of palette indices, which are new.
_ABOUT_INDICES = ("transparency", "background")
_PEAK = 255


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """An indexed image and how it was made.

    Attributes
    ----------
    image : PIL.Image.Image
        Mode 'P', with the source's size and metadata.
    palette : Palette or None
        Its colours, in the order of the indices; None for an image without pixels.
    mse : float
        Mean over pixels of the sum over R, G, B of squared errors, in squared levels of 0..255. With alpha:
        over premultiplied R, G, B and A.
    psnr : float
        Peak signal-to-noise ratio over these channels, in decibels; infinite where nothing changed.
    iterations : int
        k-means iterations, those of the search included; 0 where nothing had to be learnt.
    converged : bool
        False where ``max_iter`` ended the iterations.
    colors_before : int
        Distinct colours of the source; fully transparent pixels are one.
    """

    image: Image.Image
    palette: Palette | None
    mse: float
    psnr: float
    iterations: int
    converged: bool
    colors_before: int


@dataclass(frozen=True, slots=True, eq=False)
class Census:
    """An image and its colours, counted.

    Attributes
    ----------
    image : PIL.Image.Image
        As it came.
    source : PIL.Image.Image
        The same with all its transparency in the pixels.
    histogram : Histogram
    codes, rows : ndarray, shape (n,)
        See ``read_histogram``.
    ranks : ndarray of int, optional
        The lowest palette index of each colour, for a 'P' image.
    learnt : Learnt, optional
        What was learnt from a sample, where the pixels were not counted.
    """

    image: Image.Image
    source: Image.Image
    histogram: Histogram
    codes: Codes
    rows: Integers
    ranks: Integers | None
    learnt: Learnt | None


def quantize(image: Image.Image, colors: int = 256, **options: Any) -> Quantized:
    """Quantize an image to an indexed ('P') image.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode 1, L, LA, P, RGB, RGBX, RGBA, or 16-bit grey, whose levels are scaled to 0..255. It is not
        changed.
    colors : int
        Largest number of colours, 1..256. A fully transparent colour counts.
    **options
        Those of ``KMeansQuantize``.

    Returns
    -------
    Quantized

    Raises
    ------
    ValueError
        If an option is out of range; if the mode cannot be held by a palette (the message names the
        conversion to call); if ``colors=1`` is asked of an image that is transparent in part.

    Examples
    --------
    >>> from PIL import Image
    >>> result = quantize(Image.linear_gradient("L"), 4)
    >>> result.image.mode, len(result.palette), result.colors_before
    ('P', 4, 256)
    """
    return quantize_with(image, Settings(colors, **options))


def quantize_with(image: Image.Image, settings: Settings) -> Quantized:
    """``quantize`` for settings that are at hand."""
    census = census_of(image, settings)
    clustering = cluster(census.histogram, settings, census.ranks, census.learnt)
    return indexed(census, clustering, settings.threads)


def census_of(image: Image.Image, settings: Settings, *, counted: bool = False) -> Census:
    """Find an image's colours and learn from a sample, where that is enough for the settings, or count them.

    Raises
    ------
    ValueError
        For a mode that a palette cannot hold.
    """
    if not mode_of(image.mode).indexable:
        raise ValueError(f"a palette cannot hold mode {image.mode!r} images; convert to 'RGB' first")
    source = _with_transparency_in_pixels(image)
    histogram, codes, rows, learnt = survey(source, settings, counted=counted, for_palette=True)
    ranks = _first_indices(codes, rows, len(histogram.colors)) if source.mode == "P" else None
    return Census(image, source, histogram, codes, rows, ranks, learnt)


def indexed(census: Census, clustering: Clustering, threads: int | None) -> Quantized:
    """The image of a census with the colours of a clustering of its histogram."""
    entries = opaque_rows(clustering.entries)
    labels = clustering.labels[census.rows]
    mse, psnr = clustering.mse, clustering.psnr
    if census.histogram.counted:
        result = replace_codes(census.source, census.codes, labels, None, "P", threads)
    else:
        errors = clustering.errors[census.rows]
        result, total = replace_and_sum(census.source, census.codes, labels, errors, threads)
        mse = total / (result.width * result.height)
        psnr = psnr_of(mse, 3, _PEAK)
    result.info = {key: value for key, value in census.image.info.items() if key not in _ABOUT_INDICES}
    result.putpalette(entries[:, :3].tobytes())
    transparency = _transparency(entries[:, 3])
    if transparency is not None:
        result.info["transparency"] = transparency
    return Quantized(
        result,
        Palette(entries.tolist()) if len(entries) else None,
        mse,
        psnr,
        clustering.iterations,
        clustering.converged,
        len(census.histogram.colors),
    )


def recolor(image: Image.Image, settings: Settings) -> Image.Image:
    """The image in its own mode and size with at most ``settings.colors`` colours.

    Raises
    ------
    ValueError
        If the mode cannot be quantized, or cannot show the colours of a given palette.
    """
    mode = mode_of(image.mode)
    if settings.palette is not None and mode.content == "deep":
        raise ValueError(
            f"cannot map mode {image.mode!r} images to a palette of 8-bit colours; "
            "use quantize(), which scales the levels"
        )
    if settings.palette is not None and not mode.indexable:
        raise ValueError(f"cannot map mode {image.mode!r} images to a palette; convert to 'RGB' first")
    histogram, codes, rows, learnt = survey(image, settings, counted=False, for_palette=False)
    if settings.palette is None and len(codes) <= settings.colors:
        return image.copy()
    clustering = cluster(histogram, settings, learnt=learnt)
    labels = clustering.labels[rows]
    if settings.palette is not None:
        _check_mode_shows(image, opaque_rows(clustering.entries)[np.unique(labels)])
    values = codes_of(clustering.entries)
    if mode.content == "index":
        return with_palette_codes(image, codes, values[labels])
    return replace_codes(
        image, codes, labels, rgba_codes_to_mode(values, image.mode), image.mode, settings.threads
    )


def _with_transparency_in_pixels(image: Image.Image) -> Image.Image:
    """The image with a transparent colour or index that only ``info`` tells of made part of the pixels.

    What is no such thing, or is out of range as in damaged files, is passed over.
    """
    image.load()
    key = image.info.get("transparency")
    mode = MODES[image.mode]
    if mode.content == "index" and isinstance(key, int | bytes):
        return with_palette_alpha(image, key)
    if mode.content == "deep" and isinstance(key, int):
        return deep_with_alpha(image, key)
    if mode.content == "grey" and isinstance(key, int) and 0 <= key <= _PEAK:
        return image.convert("LA")
    levels = key if isinstance(key, tuple) else ()
    if image.mode == "RGB" and len(levels) == 3 and all(v in range(_PEAK + 1) for v in levels):
        return image.convert("RGBA")
    return image


def _first_indices(codes: Codes, rows: Integers, count: int) -> Integers:
    """The lowest palette index of each of ``count`` colours."""
    first = np.full(count, 256)
    np.minimum.at(first, rows, codes.astype(np.int64))
    return first


def _transparency(alphas: Integers) -> int | bytes | None:
    """What ``info["transparency"]`` says of a palette: an index where that is enough, as GIF needs it."""
    translucent = np.flatnonzero(alphas < 255)
    if not len(translucent):
        return None
    if len(translucent) == 1 and alphas[translucent[0]] == 0:
        return int(translucent[0])
    return bytes(alphas[: translucent[-1] + 1].tolist())


def _check_mode_shows(image: Image.Image, entries: Integers) -> None:
    """Refuse entries of a given palette that the image's mode cannot hold."""
    content = MODES[image.mode].content
    has_alpha = content in ("rgba", "grey+alpha") or (
        content == "index" and image.im.getpalettemode() == "RGBA"
    )
    shown = has_alpha or bool((entries[:, 3] == _PEAK).all())
    if content in ("grey", "grey+alpha"):
        shown &= bool((entries[:, :1] == entries[:, :3]).all())
    if image.mode == "1":
        shown &= bool(np.isin(entries, (0, _PEAK)).all())
    if not shown:
        target = "RGBA" if (entries[:, 3] < _PEAK).any() else "RGB"
        raise ValueError(
            f"mode {image.mode!r} images cannot show the palette's colours; convert to {target!r} first"
        )
