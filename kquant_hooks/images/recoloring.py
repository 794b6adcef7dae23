"""A Pillow image with fewer colours, in its own mode."""

from __future__ import annotations

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.images.modes import MODES, mode_of
from kquant_hooks.images.pixels import rgba_codes, rgba_codes_to_mode, with_palette_codes
from kquant_hooks.images.refining import learn_unlisted
from kquant_hooks.images.rendering import Fit, render
from kquant_hooks.images.scanning import ImageColors, scan_colors
from kquant_hooks.images.transparency import hidden_codes, with_binary_alpha
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.codes import FIRST_VISIBLE
from kquant_hooks.quantizer.histogram import codes_of, with_opaque_alpha
from kquant_hooks.quantizer.pipeline import Clustering, cluster
from kquant_hooks.quantizer.spaces.space import space_named

_PEAK = 255


def recolor(image: Image.Image, settings: Settings) -> Image.Image:
    """The image with at most ``settings.colors`` colours, in its own mode and size.

    Raises
    ------
    ValueError
        If the mode cannot be quantized, has no coordinates in the wanted colour space, or cannot show the
        colours of a given palette.
    """
    mode = mode_of(image.mode)
    if mode.content in ("deep", "inks", "channels") and space_named(settings.space).rgb_only:
        way_out = "use quantize(), which scales the levels" if mode.indexable else "convert to 'RGB' first"
        raise ValueError(f"cannot compare mode {image.mode!r} colours in space={settings.space!r}; {way_out}")
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
            f"cannot dither mode {image.mode!r} images, as indices do not change; convert to 'RGB' or 'RGBA' "
            "first, or use quantize()"
        )
    if settings.alpha == "hard":
        image = with_binary_alpha(image)
    colors = scan_colors(image, settings, counted=False, for_palette=False)
    few = settings.palette is None and colors.count <= settings.colors
    if few and _count_with_hidden(image, colors) <= settings.colors:
        return image.copy()
    clustering = cluster(colors.histogram, settings, learned=learn_unlisted(image, colors, settings))
    if given is not None:
        # Dithering may use any entry.
        used = np.unique(clustering.labels) if settings.dither == "none" else slice(None)
        _check_mode_shows(image, with_opaque_alpha(clustering.entries)[used])
    hides = settings.keep_hidden_rgb and colors.histogram.transparent
    result = _recolored(image, colors, clustering, settings, hides=hides)
    if hides and mode.content != "index":
        result.paste(image, mask=image.getchannel("A").point([_PEAK] + [0] * _PEAK))
    return result


def _count_with_hidden(image: Image.Image, colors: ImageColors) -> int:
    """How many colours an image has, including those of transparent pixels."""
    if MODES[image.mode].content == "rgba" and colors.histogram.transparent:
        return colors.count - 1 + len(hidden_codes(image))
    return colors.count if colors.listing is None else len(colors.listing.codes)


def _recolored(
    image: Image.Image, colors: ImageColors, clustering: Clustering, settings: Settings, *, hides: bool
) -> Image.Image:
    """The image in its own mode in the colours of a clustering.

    ``hides`` is whether transparent pixels keep their colours.
    """
    mode, listing = image.mode, colors.listing
    values = codes_of(clustering.entries)
    if MODES[mode].content == "index" and listing is not None:
        before, after = rgba_codes(image, listing.codes), values[clustering.labels[listing.inverse]]
        kept = np.where(hides & (before < FIRST_VISIBLE), before, after)
        return with_palette_codes(image, listing.codes, kept)
    values = rgba_codes_to_mode(values, mode)
    return render(image, colors, Fit(clustering), settings, mode, values=values, measured=False).image


def _check_mode_shows(image: Image.Image, entries: Integers) -> None:
    """Refuse entries that the image's mode cannot hold; only given colours can be such entries."""
    content = MODES[image.mode].content
    has_alpha = content in ("rgba", "gray+alpha") or (
        content == "index" and image.im.getpalettemode() == "RGBA"
    )
    shown = has_alpha or bool((entries[:, 3] == _PEAK).all())
    if content in ("gray", "gray+alpha"):
        shown &= bool((entries[:, :1] == entries[:, :3]).all())
    if image.mode == "1":
        shown &= bool(np.isin(entries, (0, _PEAK)).all())
    if not shown:
        target = "RGBA" if (entries[:, 3] < _PEAK).any() else "RGB"
        raise ValueError(
            f"mode {image.mode!r} images cannot show the palette's colours; convert to {target!r} first"
        )
