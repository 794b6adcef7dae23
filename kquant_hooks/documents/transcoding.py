"""Converts documents: to modes that a palette can hold, and to the structure of another format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from PIL import Image, ImageChops

from kquant_hooks.documents.document import (
    ComposedFrame,
    Document,
    Frame,
    Unsupported,
    composed_frames,
    has_single_frame,
)
from kquant_hooks.documents.opening import orientation_of
from kquant_hooks.formats.table import Format
from kquant_hooks.images.modes import CONVERSIONS, MODES
from kquant_hooks.images.pixels import strips_of

# For each EXIF orientation, how to make the pixels upright.
_TRANSPOSES = dict(
    zip(
        range(2, 9),
        (
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        ),
        strict=True,
    )
)
# Modes without a known range of levels: only the user can choose how to scale them.
_UNSCALED_MODES = {"F", "I"}


def mode_without_palette(document: Document) -> str | None:
    """The document's mode if its colours belong to another space, such as CMYK; None otherwise."""
    mode = document.frames[0].load().mode
    return mode if mode in MODES and not MODES[mode].indexable else None


def in_indexable_modes(document: Document, other: str | None) -> Document:
    """The document with its frames in modes that a palette can hold.

    Parameters
    ----------
    document : Document
    other : str, optional
        Its ``mode_without_palette``. The profile of this mode would be wrong for RGB, so it is dropped.
    """

    def converted(frame: Frame) -> Frame:
        return replace(frame, load=lambda: _converted(frame.load()))

    metadata = replace(document.metadata, icc=None) if other else document.metadata
    return replace(document, frames=tuple(converted(frame) for frame in document.frames), metadata=metadata)


def transcoded(document: Document, target: Format) -> Document:
    """The document with the structure that another format, which can hold it, needs."""
    if has_single_frame(document):
        document = _as_still(document)
    if document.kind == "animation":
        document = _coalesced(document, target)
    orientation = 1 if target.orientation else orientation_of(document.metadata.exif)
    return _upright(document, orientation) if orientation != 1 else document


def _converted(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode in MODES and not MODES[mode].indexable:
        rgb = image.convert("RGB")
        rgb.info.pop("icc_profile", None)
        return rgb
    if mode in _UNSCALED_MODES:
        raise Unsupported(f"its {mode!r} levels have no scale; convert them to 'L' or 'I;16' first")
    return image.convert(CONVERSIONS[mode]) if mode in CONVERSIONS else image


def _as_still(document: Document) -> Document:
    canvas = next(composed.canvas for composed in composed_frames(document) if composed.frame.displayed)
    return replace(document, frames=(Frame(load=lambda: canvas),), kind="still")


def _coalesced(document: Document, target: Format) -> Document:
    """An animation whose frames replace the canvas, cropped to the changes if the format allows this."""
    boxes: list[tuple[int, int, int, int]] = []
    displayed_frames: list[Frame] = []
    before = None
    has_transparency = False
    for composed in composed_frames(document):
        if not composed.frame.displayed:
            continue
        canvas = composed.canvas
        has_transparency |= canvas.getchannel("A").histogram()[255] < canvas.width * canvas.height
        if before is None:
            before = canvas.copy()
            boxes.append((0, 0, *canvas.size))
        else:
            boxes.append(_changed_box(before, canvas))
            before.paste(canvas.crop(boxes[-1]), boxes[-1])
        displayed_frames.append(composed.frame)
    # If the format can only draw over the canvas, pixels become transparent only when the canvas is cleared.
    clears_canvas = has_transparency and not target.replacing_frames
    canvas_at = _canvas_reader(document)

    def frame(index: int) -> Frame:
        box = (0, 0, *document.size) if clears_canvas else boxes[index]
        return Frame(
            load=lambda: canvas_at(index).crop(box),
            left=box[0],
            top=box[1],
            milliseconds=displayed_frames[index].milliseconds,
            dispose="background" if clears_canvas else "none",
        )

    return replace(document, frames=tuple(frame(index) for index in range(len(boxes))))


def _changed_box(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int]:
    """The box of all changes, at even coordinates, as WebP needs; one pixel if nothing has changed."""
    boxes = []
    for left, top, right, bottom in strips_of(after.size):
        strips = (image.crop((left, top, right, bottom)) for image in (before, after))
        if box := ImageChops.difference(*strips).getbbox(alpha_only=False):
            boxes.append((box[0], top + box[1], box[2], top + box[3]))
    if not boxes:
        return 0, 0, 1, 1
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts) // 2 * 2, min(tops) // 2 * 2, max(rights), max(bottoms)


def _canvas_reader(document: Document) -> Callable[[int], Image.Image]:
    """A function that returns the canvas of a frame; calls in ascending order decode each frame once."""
    next_index = 0
    remaining: Iterator[ComposedFrame] = iter(())

    def canvas_at(index: int) -> Image.Image:
        nonlocal next_index, remaining
        if index < next_index or next_index == 0:
            next_index = 0
            remaining = (composed for composed in composed_frames(document) if composed.frame.displayed)
        composed = next(islice(remaining, index - next_index, None))
        next_index = index + 1
        return composed.canvas

    return canvas_at


def _upright(document: Document, orientation: int) -> Document:
    """The document with its pixels turned upright, for a format that cannot store an orientation."""

    def turned(frame: Frame) -> Frame:
        def load() -> Image.Image:
            return frame.load().transpose(_TRANSPOSES[orientation])

        return replace(frame, load=load)

    if document.kind == "animation":
        # Animations with an orientation are too rare to be worth rotating the boxes of their frames.
        raise Unsupported(f"it is an animation with EXIF orientation {orientation}; rotate its pixels first")
    size = document.size[::-1] if orientation >= 5 else document.size
    return replace(document, frames=tuple(turned(frame) for frame in document.frames), size=size)
