"""A Pillow image quantized: as an indexed image with its figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import MODES, mode_of
from kquant_hooks.images.refining import learn_unlisted
from kquant_hooks.images.rendering import (
    replace_and_sum,
    replace_codes,
    replace_dithered,
    replace_nearest,
)
from kquant_hooks.images.scanning import ImageColors, scan_colors
from kquant_hooks.images.transparency import (
    has_translucency,
    hidden_entries,
    seen_error,
    transparency_of,
    with_binary_alpha,
    with_hidden_colors,
    with_transparency_in_pixels,
)
from kquant_hooks.options.option import check_names
from kquant_hooks.options.settings import OPTIONS, Options, Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.codes import make_lookup
from kquant_hooks.quantizer.errors import psnr_of
from kquant_hooks.quantizer.histogram import Histogram, opaque_rows
from kquant_hooks.quantizer.mapping import labels_and_errors
from kquant_hooks.quantizer.pipeline import Clustering, cluster, used_entries

# Entries of ``info`` that speak of palette indices, which are new.
_ABOUT_INDICES = ("transparency", "background")
PEAK = 255


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
        k-means iterations, those of the search included; 0 where nothing had to be learned.
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
class PreparedImage:
    """An image and its colours, counted.

    Attributes
    ----------
    image : PIL.Image.Image
        As it came.
    source : PIL.Image.Image
        The same with all its transparency in the pixels.
    colors : ImageColors
    ranks : ndarray of int, optional
        The lowest palette index of each colour, for a 'P' image.
    hidden : ndarray of uint8, shape (m, 4), optional
        Transparent entries for hidden colours, where these are to be kept.
    was_translucent : bool
        Whether soft alpha had to be made hard.
    """

    image: Image.Image
    source: Image.Image
    colors: ImageColors
    ranks: Integers | None
    hidden: Integers | None
    was_translucent: bool

    @property
    def histogram(self) -> Histogram:
        """That of its colours."""
        return self.colors.histogram

    def visible(self, settings: Settings) -> Settings:
        """The settings for what is seen: with room left for the entries of hidden colours."""
        if self.hidden is None:
            return settings
        visible = [color for color in settings.fixed or () if color[3:] != (0,)]
        fixed = Palette(visible) if visible else None
        return replace(settings, colors=settings.colors + 1 - len(self.hidden), fixed=fixed)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """An image's colours clustered.

    Attributes
    ----------
    clustering : Clustering
        Its figures are of all pixels, if these were counted or their colours are not listed.
    image : PIL.Image.Image or None
        If the colours are not listed: the image in mode 'P', without a palette.
    """

    clustering: Clustering
    image: Image.Image | None = None


def quantize(image: Image.Image, colors: int = 256, **options: Unpack[Options]) -> Quantized:
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
    check_names("quantize", options, OPTIONS)
    return quantize_with(image, Settings(colors, **options))


def quantize_with(image: Image.Image, settings: Settings, origin: tuple[int, int] = (0, 0)) -> Quantized:
    """``quantize`` for settings that are at hand; ``origin`` as for ``dithered``."""
    prepared = prepare(image, settings)
    return indexed(prepared, fit(prepared, prepared.visible(settings)), settings, origin)


def prepare(image: Image.Image, settings: Settings, *, counted: bool = False) -> PreparedImage:
    """Find an image's colours and learn from a sample, where that is enough for the settings, or count them.

    Raises
    ------
    ValueError
        For a mode that a palette cannot hold.
    """
    if not mode_of(image.mode).indexable:
        raise ValueError(f"a palette cannot hold mode {image.mode!r} images; convert to 'RGB' first")
    source = with_transparency_in_pixels(image)
    was_translucent = settings.alpha == "hard" and has_translucency(source)
    if was_translucent:
        source = with_binary_alpha(source)
    colors = scan_colors(source, settings, counted=counted, for_palette=True)
    ranks = _first_indices(colors) if source.mode == "P" else None
    hidden = None
    if settings.keep_hidden_rgb and settings.palette is None and colors.histogram.transparent:
        hidden = hidden_entries(source, colors.count - 1, settings)
    return PreparedImage(image, source, colors, ranks, hidden, was_translucent)


def fit(prepared: PreparedImage, settings: Settings) -> Fit:
    """Cluster the colours of an image, with its ``visible`` settings."""
    colors = prepared.colors
    learned = learn_unlisted(prepared.source, colors, settings)
    clustering = cluster(colors.histogram, settings, prepared.ranks, learned)
    if colors.listing is not None:
        return Fit(clustering)
    image, mse = replace_nearest(prepared.source, colors, clustering, None, "P", settings.threads)
    entries = clustering.entries
    populations = np.array(image.histogram()[: len(entries)])
    order = used_entries(entries, populations, settings)
    if not np.array_equal(order, np.arange(len(entries))):
        places = np.zeros(256, np.uint8)
        places[order] = np.arange(len(order))
        image = image.point(places.tolist())
    clustering = replace(clustering, entries=entries[order], mse=mse, psnr=psnr_of(mse, 3, PEAK))
    return Fit(clustering, image)


def indexed(
    prepared: PreparedImage, found: Fit, settings: Settings, origin: tuple[int, int] = (0, 0)
) -> Quantized:
    """The image of a census with the entries that were found for it, dithered as the settings say.

    ``origin`` is that of ``dithered``.
    """
    clustering, listing = found.clustering, prepared.colors.listing
    entries = opaque_rows(clustering.entries)
    source = prepared.source
    mse, psnr = clustering.mse, clustering.psnr
    if settings.dither != "none" and mse > 0:
        result, mse = replace_dithered(source, prepared.colors, clustering, settings, None, "P", origin)
        psnr = psnr_of(mse, 3, PEAK)
    elif listing is None:
        assert found.image is not None
        result = found.image
    elif prepared.colors.histogram.counted:
        labels = clustering.labels[listing.rows]
        result = replace_codes(source, listing.codes, labels, None, "P", settings.threads)
    else:
        labels, errors = clustering.labels[listing.rows], clustering.errors[listing.rows]
        lookup = make_lookup(listing.codes, labels_and_errors(labels, errors), MODES[source.mode].bits)
        result, total = replace_and_sum(source, lookup, None, "P", settings.threads)
        mse = total / (result.width * result.height)
        psnr = psnr_of(mse, 3, PEAK)
    if prepared.hidden is not None:
        clear = int(np.flatnonzero(entries[:, 3] == 0)[0])
        result = with_hidden_colors(result, source, prepared.hidden, clear)
        entries = np.concatenate([entries[:clear], prepared.hidden, entries[clear + 1 :]])
    result.info = {key: value for key, value in prepared.image.info.items() if key not in _ABOUT_INDICES}
    result.putpalette(entries[:, :3].tobytes())
    transparency = transparency_of(entries[:, 3])
    if transparency is not None:
        result.info["transparency"] = transparency
    if prepared.was_translucent:
        # What became hard is a part of the error.
        mse = seen_error(prepared.image, result)
        psnr = psnr_of(mse, 3, PEAK)
    return Quantized(
        result,
        Palette(entries.tolist()) if len(entries) else None,
        mse,
        psnr,
        clustering.iterations,
        clustering.converged,
        prepared.colors.count,
    )


def _first_indices(colors: ImageColors) -> Integers:
    """The lowest palette index of each colour of a 'P' image."""
    assert colors.listing is not None
    first = np.full(colors.count, 256)
    np.minimum.at(first, colors.listing.rows, colors.listing.codes.astype(np.int64))
    return first
