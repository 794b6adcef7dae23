"""Quantizes all frames of a document with one palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from kquant_hooks.clustering.arrays import Integers
from kquant_hooks.documents.document import ComposedFrame, Document, Frame, Unsupported, composed_frames
from kquant_hooks.documents.figures import Figures
from kquant_hooks.formats.table import FORMATS
from kquant_hooks.images.pixels import in_rgba
from kquant_hooks.images.quantize import PEAK, PreparedImage, fit, indexed, prepare, quantize_with
from kquant_hooks.images.rendering import Fit
from kquant_hooks.images.scanning import count_colors
from kquant_hooks.images.transparency import hides_colors, with_binary_alpha, with_transparency_in_pixels
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import MAX_COLORS
from kquant_hooks.quantizer.errors import psnr_of
from kquant_hooks.quantizer.histogram import Histogram, codes_of, with_opaque_alpha
from kquant_hooks.quantizer.pipeline import Clustering, cluster
from kquant_hooks.quantizer.tally import Tally, merged

Goal = Callable[[Clustering], bool]
Inspect = Callable[[Histogram, int, bool], None]
_TRANSPARENT_PIXEL = Histogram(np.zeros((1, 4), np.uint8), np.ones(1, np.int64), alpha=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """A quantized document whose images are not yet rendered.

    Attributes
    ----------
    source : Document
        The document before quantization.
    document : Document
        The document with the frames that will be written.
    images : callable
        Renders the new image of each frame, one after the other.
    figures : Figures
    has_fixed_order : bool
        Whether the user has chosen the palette's order, or several frames share the palette.
    is_lossless : bool
        Whether no pixel has to change: the colours are few enough, or all of them are in the given palette.
    """

    source: Document
    document: Document
    images: Callable[[], Iterator[Image.Image]]
    figures: Figures
    has_fixed_order: bool
    is_lossless: bool


def histogram_of(document: Document, settings: Settings) -> Histogram:
    """The histogram of all frames of a document as displayed."""
    return merged(
        prepare(composed.canvas, settings, counted=True).histogram for composed in composed_frames(document)
    )


def reduce(
    document: Document, settings: Settings, goal: Goal | None = None, inspect: Inspect = lambda *_: None
) -> Reduction:
    """Learn one palette for all frames, or use the given one.

    Parameters
    ----------
    document : Document
    settings : Settings
    goal : callable, optional
        Accepts or rejects a clustering. With a goal, the result has the smallest number of colours, up to
        ``settings.colors``, whose clustering it accepts.
    inspect : callable
        Called with the histogram, the number of colours, and whether translucent alpha had to be made binary,
        as soon as these are known. An exception that it raises ends the work early.

    Raises
    ------
    ValueError
        If the document cannot be decoded or quantized, or has no pixels.
    """
    if document.kind == "still":
        return _reduce_still(document, settings, goal, inspect)
    colors = _count_all_colors(document, settings)
    inspect(colors.histogram, colors.count, colors.was_translucent)

    def attempt(settings: Settings) -> Fit:
        clustering = cluster(colors.histogram, settings, colors.palette_ranks)
        return Fit(clustering if colors.exact else _with_exact_error(document, clustering, settings))

    clustering = _smallest_fit(attempt, colors.histogram, settings, goal).clustering
    palette = Palette(with_opaque_alpha(clustering.entries).tolist())
    to_palette = replace(settings, palette=palette, fixed=None, order="given")

    def images() -> Iterator[Image.Image]:
        for composed, frame in zip(composed_frames(document), colors.frames, strict=True):
            pixels = composed.stored if frame is composed.frame else _canvas_in_box(composed)
            yield quantize_with(pixels, to_palette, (frame.left, frame.top)).image

    is_lossless = clustering.mse == 0 if settings.palette else colors.count <= settings.colors
    is_lossless &= not colors.was_translucent
    return Reduction(
        source=document,
        document=replace(document, frames=colors.frames),
        images=images,
        figures=Figures(
            colors_before=colors.count,
            frames=document.displayed_count,
            palette=palette,
            mse=clustering.mse,
            psnr=clustering.psnr,
        ),
        has_fixed_order=True,
        is_lossless=is_lossless,
    )


def _reduce_still(document: Document, settings: Settings, goal: Goal | None, inspect: Inspect) -> Reduction:
    # The search for a number of colours, and errors that are measured before dithering, need exact counts.
    counted = goal is not None or settings.dither != "none"
    prepared = prepare(document.frames[0].load(), settings, counted=counted)
    if not len(prepared.histogram.colors):
        raise ValueError("it has no pixels")
    inspect(prepared.histogram, prepared.colors.count, prepared.was_translucent)
    visible = prepared.visible(settings)
    found = _smallest_fit(lambda settings: fit(prepared, settings), prepared.histogram, visible, goal)
    result = indexed(prepared, found, settings)
    quantized = result.quantized
    has_fixed_order = any((settings.palette, settings.fixed, prepared.palette_ranks is not None))
    few = settings.palette is None and goal is None and quantized.colors_before <= settings.colors
    assert quantized.palette is not None
    return Reduction(
        source=document,
        document=document,
        images=lambda: iter([quantized.image]),
        figures=Figures(
            colors_before=quantized.colors_before,
            frames=1,
            palette=quantized.palette,
            mse=result.undithered_mse,
            psnr=psnr_of(result.undithered_mse, 3, PEAK),
        ),
        has_fixed_order=has_fixed_order or settings.order != "given",
        is_lossless=quantized.mse == 0 or (few and not prepared.was_translucent),
    )


def _smallest_fit(
    attempt: Callable[[Settings], Fit], histogram: Histogram, settings: Settings, goal: Goal | None
) -> Fit:
    """The fit with these settings or, with a goal, with the smallest number of colours that meets it."""
    if goal is None or settings.palette is not None:
        return attempt(settings)
    # More colours nearly always mean less error, so a binary search finds the smallest number
    # that meets the goal; if the largest number does not meet it, none does.
    fixed = len(settings.fixed or ())
    low = max(1, fixed) + (histogram.transparent and len(histogram.colors) > 1)
    high = max(low, min(settings.colors, fixed + len(histogram.colors)))
    best = attempt(replace(settings, colors=high))
    while low < high and goal(best.clustering):
        middle = (low + high) // 2
        found = attempt(replace(settings, colors=middle))
        if goal(found.clustering):
            best, high = found, middle
        else:
            low = middle + 1
    return best


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Colors:
    """The colours of all frames as displayed.

    Attributes
    ----------
    histogram : Histogram
        Includes the transparent colour if the canvas shows through a frame.
    palette_ranks : ndarray of int, shape (n,)
        The lowest palette index of each colour.
    count : int
        The number of distinct colours in the frames.
    exact : bool
        Whether the histogram lists all of them, and not samples or cells.
    was_translucent : bool
        Whether a frame had translucent alpha that was made binary.
    frames : tuple of Frame
        As they will be stored: if blending a frame creates new colours, it replaces its box instead.
    """

    histogram: Histogram
    palette_ranks: Integers
    count: int
    exact: bool
    was_translucent: bool
    frames: tuple[Frame, ...]


def _count_all_colors(document: Document, settings: Settings) -> _Colors:
    tally = Tally()
    shows_through = was_translucent = False
    listed = True
    source = FORMATS.get(document.format)
    check_hidden = settings.keep_hidden_rgb and (source is None or source.hidden_colors)
    frames: list[Frame] = []
    for composed in composed_frames(document):
        displayed = prepare(composed.canvas, settings, counted=True)
        stored = displayed
        if composed.stored is not composed.canvas:
            stored = prepare(composed.stored, settings, counted=True)
        if check_hidden and hides_colors(stored.image):
            raise Unsupported(
                "its frames have hidden colours, which keep-hidden-rgb keeps only in still pictures; omit it"
            )
        was_translucent |= stored.was_translucent
        shows_through |= composed.frame.blend and stored.histogram.transparent
        listed &= displayed.colors.listing is not None
        frames.append(replace(composed.frame, blend=False) if _creates_colors(composed) else composed.frame)
        tally.add(displayed.histogram, _palette_ranks(displayed.histogram, stored))
    histogram, palette_ranks, exact = tally.total()
    exact &= listed
    count = (
        len(histogram.colors)
        if exact
        else count_colors(lambda: _displayed_images(document, settings), settings.threads)
    )
    if shows_through and not histogram.transparent:
        # Frames need a transparent entry for pixels that show earlier frames.
        tally.add(_TRANSPARENT_PIXEL, np.zeros(1, np.int64))
        histogram, palette_ranks, _ = tally.total()
    return _Colors(
        histogram=histogram,
        palette_ranks=palette_ranks,
        count=count,
        exact=exact,
        was_translucent=was_translucent,
        frames=tuple(frames),
    )


def _displayed_images(document: Document, settings: Settings) -> Iterator[Image.Image]:
    """All frames as displayed, with binary alpha if the settings ask for it."""
    for composed in composed_frames(document):
        image = with_transparency_in_pixels(composed.canvas)
        yield with_binary_alpha(image) if settings.alpha == "hard" else image


def _with_exact_error(document: Document, clustering: Clustering, settings: Settings) -> Clustering:
    """A clustering of samples or cells, with its error measured over all pixels of all frames."""
    palette = Palette(with_opaque_alpha(clustering.entries).tolist())
    to_palette = replace(settings, palette=palette, fixed=None)
    total, pixels = 0.0, 0
    for composed in composed_frames(document):
        displayed = prepare(composed.canvas, to_palette, counted=True)
        area = composed.canvas.width * composed.canvas.height
        total += fit(displayed, to_palette).clustering.mse * area
        pixels += area
    return replace(clustering, mse=total / pixels, psnr=psnr_of(total / pixels, 3, PEAK))


def _palette_ranks(displayed: Histogram, stored: PreparedImage) -> Integers:
    """The index of each displayed colour in the palette of the frame's stored pixels, if it has one."""
    palette_ranks = np.full(len(displayed.colors), MAX_COLORS)
    if stored.palette_ranks is not None:
        codes, known = codes_of(displayed.colors), codes_of(stored.histogram.colors)
        order = np.argsort(known)
        places = order[np.searchsorted(known, codes, sorter=order).clip(max=len(known) - 1)]
        found = known[places] == codes
        palette_ranks[found] = stored.palette_ranks[places[found]]
    return palette_ranks


def _creates_colors(composed: ComposedFrame) -> bool:
    """Whether blending the translucent pixels of a frame with the canvas creates new colours."""
    if not composed.frame.blend or isinstance(composed.stored.info.get("transparency"), int):
        return False
    return any(in_rgba(composed.stored).getchannel("A").histogram()[1:255])


def _canvas_in_box(composed: ComposedFrame) -> Image.Image:
    """The part of the canvas that the frame covers."""
    left, top = composed.frame.left, composed.frame.top
    return composed.canvas.crop((left, top, left + composed.stored.width, top + composed.stored.height))
