"""Quantizes a Pillow image to an indexed image with its figures."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import mode_of
from kquant_hooks.images.refining import learn_unlisted
from kquant_hooks.images.rendering import Fit, render, render_nearest
from kquant_hooks.images.scanning import ImageColors, scan_colors
from kquant_hooks.images.transparency import (
    has_translucency,
    hidden_entries,
    mse_between,
    transparency_of,
    with_binary_alpha,
    with_hidden_colors,
    with_transparency_in_pixels,
)
from kquant_hooks.options.option import check_names
from kquant_hooks.options.settings import OPTIONS, Options, Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.errors import psnr_of
from kquant_hooks.quantizer.histogram import Histogram, with_opaque_alpha
from kquant_hooks.quantizer.pipeline import cluster, used_entries

# Keys of ``info`` whose values are palette indices, which change.
_INDEX_KEYS = ("transparency", "background")
PEAK = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantized:
    """An indexed image, and how it was made.

    Attributes
    ----------
    image : PIL.Image.Image
        Of mode 'P', with the size and the metadata of the source.
    palette : Palette or None
        Its colours, in the order of the indices; None if the image has no pixels.
    mse : float
        The mean over pixels of the sum over R, G, B of squared errors, in squared levels of 0..255, in sRGB
        for every ``space``. With alpha, averaged over a black and a white background.
    psnr : float
        The peak signal-to-noise ratio over these channels, in decibels; infinite if nothing changed.
    iterations : int
        k-means iterations, including those of the search; 0 if nothing had to be learned.
    converged : bool
        False if ``max_iter`` ended the iterations.
    colors_before : int
        Distinct colours of the source; all fully transparent pixels count as one.
    """

    image: Image.Image
    palette: Palette | None
    mse: float
    psnr: float
    iterations: int
    converged: bool
    colors_before: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedImage:
    """An image ready to be quantized, with its colours.

    Attributes
    ----------
    image : PIL.Image.Image
        As it was given.
    source : PIL.Image.Image
        The same image with all transparency in the pixels, and with binary alpha if this is wanted.
    colors : ImageColors
    palette_ranks : ndarray of int, optional
        The lowest palette index of each colour, for a 'P' image.
    hidden : ndarray of uint8, shape (m, 4), optional
        Transparent entries for hidden colours, if these are kept.
    was_translucent : bool
        Whether translucent pixels had to be made opaque or transparent.
    """

    image: Image.Image
    source: Image.Image
    colors: ImageColors
    palette_ranks: Integers | None
    hidden: Integers | None
    was_translucent: bool

    @property
    def histogram(self) -> Histogram:
        """The histogram of its colours."""
        return self.colors.histogram

    def visible(self, settings: Settings) -> Settings:
        """The settings for the visible colours, which leave room for the entries of hidden ones."""
        if self.hidden is None:
            return settings
        visible = [color for color in settings.fixed or () if color[3:] != (0,)]
        fixed = Palette(visible) if visible else None
        return replace(settings, colors=settings.colors + 1 - len(self.hidden), fixed=fixed)


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """An indexed image, and its error before it was dithered.

    Attributes
    ----------
    quantized : Quantized
    undithered_mse : float
        The error that limits apply to; with dithering only if alpha was made binary.
    """

    quantized: Quantized
    undithered_mse: float


def quantize(image: Image.Image, colors: int = 256, **options: Unpack[Options]) -> Quantized:
    """Quantize an image to an indexed ('P') image.

    Parameters
    ----------
    image : PIL.Image.Image
        Of mode 1, L, LA, P, RGB, RGBX, RGBA, or 16-bit grey, whose levels are scaled to 0..255. It is not
        changed.
    colors : int
        The largest number of colours, 1..256. A fully transparent colour counts.
    **options
        Those of ``KMeansQuantize``.

    Returns
    -------
    Quantized

    Raises
    ------
    TypeError
        If it is not given a Pillow image, or if there is no such option.
    ValueError
        If an option is out of range; if a palette cannot hold the colours of the mode (the message names the
        conversion to call); if ``colors=1`` and the image is partly transparent.

    Examples
    --------
    >>> from PIL import Image
    >>> result = quantize(Image.linear_gradient("L"), 4)
    >>> result.image.mode, len(result.palette), result.colors_before
    ('P', 4, 256)
    """
    check_names("quantize", options, OPTIONS)
    settings = Settings(colors, **options)
    return quantize_with(checked_image("quantize", image), settings)


def quantize_with(image: Image.Image, settings: Settings, origin: tuple[int, int] = (0, 0)) -> Quantized:
    """``quantize`` with validated settings; ``origin`` is that of ``dithered``."""
    prepared = prepare(image, settings)
    return indexed(prepared, fit(prepared, prepared.visible(settings)), settings, origin).quantized


def checked_image(function: str, image: object) -> Image.Image:
    """The image itself.

    Raises
    ------
    TypeError
        If it is something else; the message says how to make an image of it.
    """
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, str | os.PathLike):
        way_out = "open it with PIL.Image.open first, or call quantize_file"
    elif hasattr(image, "__array_interface__"):
        way_out = "convert it with PIL.Image.fromarray first"
    else:
        way_out = "expected a PIL.Image.Image"
    raise TypeError(f"{function}() was given {_short(image)}; {way_out}")


def _short(value: object) -> str:
    return f"an object of type {type(value).__name__}" if hasattr(value, "shape") else f"{value!r:.60}"


def prepare(image: Image.Image, settings: Settings, *, counted: bool = False) -> PreparedImage:
    """Scan an image's colours: count them or, if that is enough for the settings, learn from a sample.

    Raises
    ------
    ValueError
        If a palette cannot hold the colours of the mode.
    """
    if not mode_of(image.mode).indexable:
        raise ValueError(f"a palette cannot hold mode {image.mode!r} images; convert to 'RGB' first")
    source = with_transparency_in_pixels(image)
    was_translucent = settings.alpha == "hard" and has_translucency(source)
    if was_translucent:
        source = with_binary_alpha(source)
    colors = scan_colors(source, settings, counted=counted, for_palette=True)
    palette_ranks = _first_indices(colors) if source.mode == "P" else None
    hidden = None
    if settings.keep_hidden_rgb and settings.palette is None and colors.histogram.transparent:
        hidden = hidden_entries(source, colors.count - 1, settings)
    return PreparedImage(
        image=image,
        source=source,
        colors=colors,
        palette_ranks=palette_ranks,
        hidden=hidden,
        was_translucent=was_translucent,
    )


def fit(prepared: PreparedImage, settings: Settings) -> Fit:
    """Cluster the colours of an image with its ``visible`` settings."""
    colors = prepared.colors
    learned = learn_unlisted(prepared.source, colors, settings)
    clustering = cluster(colors.histogram, settings, prepared.palette_ranks, learned)
    if colors.listing is not None:
        return Fit(clustering)
    labels, mse = render_nearest(prepared.source, colors, clustering, None, "P", settings.threads)
    entries = clustering.entries
    populations = np.array(labels.histogram()[: len(entries)])
    order = used_entries(entries, populations, settings)
    if not np.array_equal(order, np.arange(len(entries))):
        places = np.zeros(256, np.uint8)
        places[order] = np.arange(len(order))
        labels = labels.point(places.tolist())
    clustering = replace(clustering, entries=entries[order], mse=mse, psnr=psnr_of(mse, 3, PEAK))
    return Fit(clustering, labels)


def indexed(
    prepared: PreparedImage, found: Fit, settings: Settings, origin: tuple[int, int] = (0, 0)
) -> Indexed:
    """The prepared image in the entries of its fit, dithered as the settings say.

    ``origin`` is that of ``dithered``.
    """
    clustering, source = found.clustering, prepared.source
    entries = with_opaque_alpha(clustering.entries)
    rendering = render(source, prepared.colors, found, settings, "P", origin=origin)
    result, mse, undithered_mse = rendering.image, rendering.mse, rendering.undithered_mse
    if prepared.hidden is not None:
        transparent = int(np.flatnonzero(entries[:, 3] == 0)[0])
        result = with_hidden_colors(result, source, prepared.hidden, transparent)
        entries = np.concatenate([entries[:transparent], prepared.hidden, entries[transparent + 1 :]])
    result.info = {key: value for key, value in prepared.image.info.items() if key not in _INDEX_KEYS}
    result.putpalette(entries[:, :3].tobytes())
    transparency = transparency_of(entries[:, 3])
    if transparency is not None:
        result.info["transparency"] = transparency
    if prepared.was_translucent:
        # Making alpha binary adds to the error.
        mse = undithered_mse = mse_between(prepared.image, result)
    quantized = Quantized(
        image=result,
        palette=Palette(entries.tolist()) if len(entries) else None,
        mse=mse,
        psnr=psnr_of(mse, 3, PEAK),
        iterations=clustering.iterations,
        converged=clustering.converged,
        colors_before=prepared.colors.count,
    )
    return Indexed(quantized, undithered_mse)


def _first_indices(colors: ImageColors) -> Integers:
    """The lowest palette index of each colour of a 'P' image."""
    assert colors.listing is not None
    first = np.full(colors.count, 256)
    np.minimum.at(first, colors.listing.inverse, colors.listing.codes.astype(np.int64))
    return first
