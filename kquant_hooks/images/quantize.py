"""A Pillow image quantized: as an indexed image with its figures, or in its own mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from kquant_hooks.images.modes import MODES, mode_of
from kquant_hooks.images.pixels import (
    replace_and_sum,
    replace_codes,
    replace_dithered,
    rgba_codes,
    rgba_codes_to_mode,
    with_palette_codes,
)
from kquant_hooks.images.survey import survey
from kquant_hooks.images.transparency import (
    hardened,
    hidden_entries,
    is_soft,
    seen_error,
    transparency_of,
    with_hidden_colors,
    with_transparency_in_pixels,
)
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.arrays import Integers
from kquant_hooks.quantizer.codes import Codes
from kquant_hooks.quantizer.errors import psnr_of
from kquant_hooks.quantizer.histogram import Histogram, codes_of, opaque_rows
from kquant_hooks.quantizer.pipeline import Clustering, cluster
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
        Mean over pixels of the sum over R, G, B of squared errors, in squared levels of 0..255, whatever the
        space. With alpha: as seen over black and over white, on average.
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
    hidden : ndarray of uint8, shape (m, 4), optional
        Transparent entries for hidden colours, where these are to be kept.
    was_soft : bool
        Whether soft alpha had to be made hard.
    """

    image: Image.Image
    source: Image.Image
    histogram: Histogram
    codes: Codes
    rows: Integers
    ranks: Integers | None
    learnt: Learnt | None
    hidden: Integers | None
    was_soft: bool

    def visible(self, settings: Settings) -> Settings:
        """The settings for what is seen: with room left for the entries of hidden colours."""
        if self.hidden is None:
            return settings
        visible = [color for color in settings.fixed or () if color[3:] != (0,)]
        fixed = Palette(visible) if visible else None
        return replace(settings, colors=settings.colors + 1 - len(self.hidden), fixed=fixed)


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


def quantize_with(image: Image.Image, settings: Settings, origin: tuple[int, int] = (0, 0)) -> Quantized:
    """``quantize`` for settings that are at hand; ``origin`` as for ``dithered``."""
    census = census_of(image, settings)
    clustering = cluster(census.histogram, census.visible(settings), census.ranks, census.learnt)
    return indexed(census, clustering, settings, origin)


def census_of(image: Image.Image, settings: Settings, *, counted: bool = False) -> Census:
    """Find an image's colours and learn from a sample, where that is enough for the settings, or count them.

    Raises
    ------
    ValueError
        For a mode that a palette cannot hold.
    """
    if not mode_of(image.mode).indexable:
        raise ValueError(f"a palette cannot hold mode {image.mode!r} images; convert to 'RGB' first")
    source = with_transparency_in_pixels(image)
    was_soft = settings.alpha == "hard" and is_soft(source)
    if was_soft:
        source = hardened(source)
    histogram, codes, rows, learnt = survey(source, settings, counted=counted, for_palette=True)
    ranks = _first_indices(codes, rows, len(histogram.colors)) if source.mode == "P" else None
    hidden = None
    if settings.keep_hidden_rgb and settings.palette is None and histogram.transparent:
        hidden = hidden_entries(source, codes, len(histogram.colors) - 1, settings)
    return Census(image, source, histogram, codes, rows, ranks, learnt, hidden, was_soft)


def indexed(
    census: Census, clustering: Clustering, settings: Settings, origin: tuple[int, int] = (0, 0)
) -> Quantized:
    """The image of a census with the colours of a clustering of its histogram, dithered as the settings say.

    ``origin`` is that of ``dithered``.
    """
    entries = opaque_rows(clustering.entries)
    source, codes, rows = census.source, census.codes, census.rows
    mse, psnr = clustering.mse, clustering.psnr
    if settings.dither != "none" and mse > 0:
        result, mse = replace_dithered(source, codes, rows, clustering, settings, None, "P", origin)
        psnr = psnr_of(mse, 3, _PEAK)
    elif census.histogram.counted:
        result = replace_codes(source, codes, clustering.labels[rows], None, "P", settings.threads)
    else:
        labels, errors = clustering.labels[rows], clustering.errors[rows]
        result, total = replace_and_sum(source, codes, labels, errors, settings.threads)
        mse = total / (result.width * result.height)
        psnr = psnr_of(mse, 3, _PEAK)
    if census.hidden is not None:
        clear = int(np.flatnonzero(entries[:, 3] == 0)[0])
        result = with_hidden_colors(result, source, codes, census.hidden, clear)
        entries = np.concatenate([entries[:clear], census.hidden, entries[clear + 1 :]])
    result.info = {key: value for key, value in census.image.info.items() if key not in _ABOUT_INDICES}
    result.putpalette(entries[:, :3].tobytes())
    transparency = transparency_of(entries[:, 3])
    if transparency is not None:
        result.info["transparency"] = transparency
    if census.was_soft:
        # What became hard is a part of the error.
        mse = seen_error(census.image, result)
        psnr = psnr_of(mse, 3, _PEAK)
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
        If the mode cannot be quantized, has no colours in Oklab where these are wanted, or cannot show the
        colours of a given palette.
    """
    mode = mode_of(image.mode)
    if settings.space == "oklab" and mode.content in ("deep", "inks", "channels"):
        way_out = "use quantize(), which scales the levels" if mode.indexable else "convert to 'RGB' first"
        raise ValueError(f"cannot compare mode {image.mode!r} colours in space='oklab'; {way_out}")
    given = settings.palette or settings.fixed
    if given is not None and mode.content == "deep":
        raise ValueError(
            f"cannot map mode {image.mode!r} images to a palette of 8-bit colours; "
            "use quantize(), which scales the levels"
        )
    if given is not None and not mode.indexable:
        raise ValueError(f"cannot map mode {image.mode!r} images to a palette; convert to 'RGB' first")
    if settings.dither != "none" and mode.content == "index":
        raise ValueError(
            f"cannot dither mode {image.mode!r} images, whose indices stay; convert to 'RGB' or 'RGBA' "
            "first, or use quantize()"
        )
    if settings.alpha == "hard":
        image = hardened(image)
    histogram, codes, rows, learnt = survey(image, settings, counted=False, for_palette=False)
    if settings.palette is None and len(codes) <= settings.colors:
        return image.copy()
    clustering = cluster(histogram, settings, learnt=learnt)
    labels = clustering.labels[rows]
    if given is not None:
        # Dithering may use any of them.
        used = np.unique(labels) if settings.dither == "none" else slice(None)
        _check_mode_shows(image, opaque_rows(clustering.entries)[used])
    values = codes_of(clustering.entries)
    hides = settings.keep_hidden_rgb and histogram.transparent
    if mode.content == "index":
        before, after = rgba_codes(image, codes), values[labels]
        return with_palette_codes(image, codes, np.where(hides & (before < 1 << 24), before, after))
    replacements = rgba_codes_to_mode(values, image.mode)
    if settings.dither != "none" and clustering.mse > 0:
        result, _ = replace_dithered(image, codes, rows, clustering, settings, replacements, image.mode)
    else:
        result = replace_codes(image, codes, labels, replacements, image.mode, settings.threads)
    if hides:
        result.paste(image, mask=image.getchannel("A").point([_PEAK] + [0] * _PEAK))
    return result


def _first_indices(codes: Codes, rows: Integers, count: int) -> Integers:
    """The lowest palette index of each of ``count`` colours."""
    first = np.full(count, 256)
    np.minimum.at(first, rows, codes.astype(np.int64))
    return first


def _check_mode_shows(image: Image.Image, entries: Integers) -> None:
    """Refuse entries, some of which were given, that the image's mode cannot hold."""
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
