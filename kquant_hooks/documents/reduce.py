"""A document's frames in one palette."""

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
Look = Callable[[Histogram, int, bool], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """A document quantized, its images still to be made.

    Attributes
    ----------
    source, document : Document
        As it came, and with its frames as they will be written.
    images : callable
        The new image of each frame, one after the other.
    figures : Figures
    ordered : bool
        Whether the user has chosen the palette's order, or several frames share the palette.
    within : bool
        Whether no pixel has to change: there are few enough colours, or all are in the given palette.
    """

    source: Document
    document: Document
    images: Callable[[], Iterator[Image.Image]]
    figures: Figures
    ordered: bool
    within: bool


def histogram_of(document: Document, settings: Settings) -> Histogram:
    """All frames of a document as they are seen."""
    return merged(
        prepare(composed.canvas, settings, counted=True).histogram for composed in composed_frames(document)
    )


def reduce(
    document: Document, settings: Settings, goal: Goal | None = None, look: Look = lambda *_: None
) -> Reduction:
    """Learn one palette over all frames, or take the given one.

    Parameters
    ----------
    document : Document
    settings : Settings
    goal : callable, optional
        Look for the smallest number of colours, up to ``settings.colors``, whose clustering it accepts.
    look : callable
        Called with the histogram, the number of colours, and whether soft alpha had to be made hard, as soon
        as they are known; what it raises saves the work that comes after.

    Raises
    ------
    ValueError
        For what cannot be decoded, has no pixels or cannot be quantized.
    """
    if document.kind == "still":
        return _reduce_still(document, settings, goal, look)
    every = _colors_of_all(document, settings)
    look(every.histogram, every.count, every.was_translucent)

    def attempt(settings: Settings) -> Fit:
        clustering = cluster(every.histogram, settings, every.palette_ranks)
        return Fit(clustering if every.exact else _measured(document, clustering, settings))

    clustering = _best(attempt, every.histogram, settings, goal).clustering
    palette = Palette(with_opaque_alpha(clustering.entries).tolist())
    to_palette = replace(settings, palette=palette, fixed=None, order="given")

    def images() -> Iterator[Image.Image]:
        for composed, frame in zip(composed_frames(document), every.frames, strict=True):
            pixels = composed.stored if frame is composed.frame else _seen_in_its_box(composed)
            yield quantize_with(pixels, to_palette, (frame.left, frame.top)).image

    within = clustering.mse == 0 if settings.palette else every.count <= settings.colors
    within &= not every.was_translucent
    return Reduction(
        source=document,
        document=replace(document, frames=every.frames),
        images=images,
        figures=Figures(
            colors_before=every.count,
            frames=document.displayed,
            palette=palette,
            mse=clustering.mse,
            psnr=clustering.psnr,
        ),
        ordered=True,
        within=within,
    )


def _reduce_still(document: Document, settings: Settings, goal: Goal | None, look: Look) -> Reduction:
    # Where errors are judged before dithering, or by the search for a number of colours, they must be exact.
    counted = goal is not None or settings.dither != "none"
    prepared = prepare(document.frames[0].load(), settings, counted=counted)
    if not len(prepared.histogram.colors):
        raise ValueError("it has no pixels")
    look(prepared.histogram, prepared.colors.count, prepared.was_translucent)
    visible = prepared.visible(settings)
    found = _best(lambda settings: fit(prepared, settings), prepared.histogram, visible, goal)
    result = indexed(prepared, found, settings)
    quantized = result.quantized
    ordered = any((settings.palette, settings.fixed, prepared.palette_ranks is not None))
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
        ordered=ordered or settings.order != "given",
        within=quantized.mse == 0 or (few and not prepared.was_translucent),
    )


def _best(
    attempt: Callable[[Settings], Fit], histogram: Histogram, settings: Settings, goal: Goal | None
) -> Fit:
    """What an attempt with the settings finds, or with the smallest number of colours that meets the goal."""
    if goal is None or settings.palette is not None:
        return attempt(settings)
    # The error falls with the number of colours, nearly always: halving finds the smallest that will do, and
    # where the largest will not, none does.
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


@dataclass(frozen=True, slots=True, eq=False)
class _Colors:
    """The colours of all frames as they are seen.

    Attributes
    ----------
    histogram : Histogram
        With a transparent one, if a frame shows what is beneath it.
    palette_ranks : ndarray of int, shape (n,)
        The lowest palette index of each colour.
    count : int
        How many there are in the frames.
    exact : bool
        Whether the histogram is of all of them, and not of samples or cells.
    was_translucent : bool
        Whether a frame had soft alpha that was made hard.
    frames : tuple of Frame
        As they are to be stored: one whose colours mix with those beneath it replaces these.
    """

    histogram: Histogram
    palette_ranks: Integers
    count: int
    exact: bool
    was_translucent: bool
    frames: tuple[Frame, ...]


def _colors_of_all(document: Document, settings: Settings) -> _Colors:
    tally = Tally()
    shows_through = was_translucent = False
    listed = True
    source = FORMATS.get(document.format)
    may_hide = settings.keep_hidden_rgb and (source is None or source.hidden_colors)
    frames: list[Frame] = []
    for composed in composed_frames(document):
        seen = prepare(composed.canvas, settings, counted=True)
        own = seen
        if composed.stored is not composed.canvas:
            own = prepare(composed.stored, settings, counted=True)
        if may_hide and hides_colors(own.image):
            raise Unsupported(
                "its frames hide colours, which keep-hidden-rgb keeps in still pictures only; leave it out"
            )
        was_translucent |= own.was_translucent
        shows_through |= composed.frame.blend and own.histogram.transparent
        listed &= seen.colors.listing is not None
        frames.append(replace(composed.frame, blend=False) if _mixes(composed) else composed.frame)
        tally.add(seen.histogram, _palette_ranks(seen.histogram, own))
    histogram, palette_ranks, exact = tally.total()
    exact &= listed
    count = (
        len(histogram.colors)
        if exact
        else count_colors(lambda: _as_seen(document, settings), settings.threads)
    )
    if shows_through and not histogram.transparent:
        # Frames need a transparent entry where those beneath them are seen.
        tally.add(_ONE_TRANSPARENT, np.zeros(1, np.int64))
        histogram, palette_ranks, _ = tally.total()
    return _Colors(histogram, palette_ranks, count, exact, was_translucent, tuple(frames))


def _as_seen(document: Document, settings: Settings) -> Iterator[Image.Image]:
    """All frames with the alpha that the settings give them."""
    for composed in composed_frames(document):
        image = with_transparency_in_pixels(composed.canvas)
        yield with_binary_alpha(image) if settings.alpha == "hard" else image


def _measured(document: Document, clustering: Clustering, settings: Settings) -> Clustering:
    """A clustering of samples or cells with the error of all pixels of all frames."""
    palette = Palette(with_opaque_alpha(clustering.entries).tolist())
    to_palette = replace(settings, palette=palette, fixed=None)
    total, pixels = 0.0, 0
    for composed in composed_frames(document):
        seen = prepare(composed.canvas, to_palette, counted=True)
        area = composed.canvas.width * composed.canvas.height
        total += fit(seen, to_palette).clustering.mse * area
        pixels += area
    return replace(clustering, mse=total / pixels, psnr=psnr_of(total / pixels, 3, PEAK))


def _palette_ranks(seen: Histogram, own: PreparedImage) -> Integers:
    """The palette index of each colour that is seen, where the frame's own pixels have one."""
    palette_ranks = np.full(len(seen.colors), MAX_COLORS)
    if own.palette_ranks is not None:
        codes, known = codes_of(seen.colors), codes_of(own.histogram.colors)
        order = np.argsort(known)
        places = order[np.searchsorted(known, codes, sorter=order).clip(max=len(known) - 1)]
        found = known[places] == codes
        palette_ranks[found] = own.palette_ranks[places[found]]
    return palette_ranks


_ONE_TRANSPARENT = Histogram(np.zeros((1, 4), np.uint8), np.ones(1, np.int64), alpha=True)


def _mixes(composed: ComposedFrame) -> bool:
    """Whether a frame's translucent pixels make new colours with those beneath them."""
    if not composed.frame.blend or isinstance(composed.stored.info.get("transparency"), int):
        return False
    return any(in_rgba(composed.stored).getchannel("A").histogram()[1:255])


def _seen_in_its_box(composed: ComposedFrame) -> Image.Image:
    left, top = composed.frame.left, composed.frame.top
    return composed.canvas.crop((left, top, left + composed.stored.width, top + composed.stored.height))
