"""Documents made fit for a palette, and for a format that they did not come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from PIL import Image, ImageChops

from kquant_hooks.documents.document import (
    ComposedFrame,
    Dispose,
    Document,
    Frame,
    Unsupported,
    composed_frames,
    is_one_picture,
)
from kquant_hooks.documents.opening import orientation_of
from kquant_hooks.formats.table import Format
from kquant_hooks.images.modes import CONVERSIONS, MODES
from kquant_hooks.images.pixels import strips_of

# How pixels are turned to be upright, by what EXIF says of them.
_TURNS = dict(
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
# Without a choice of a scale, which is the user's, these cannot be converted.
_UNBOUNDED = {"F", "I"}


def mode_without_palette(document: Document) -> str | None:
    """The mode of a document whose colours are those of another space, such as CMYK."""
    mode = document.frames[0].load().mode
    return mode if mode in MODES and not MODES[mode].indexable else None


def indexable(document: Document, other: str | None) -> Document:
    """The document with its frames in modes that a palette can hold.

    Parameters
    ----------
    document : Document
    other : str, optional
        Its ``mode_without_palette``: a profile of inks or of luma would be wrong for the colours that they
        become, and goes.
    """

    def converted(frame: Frame) -> Frame:
        return replace(frame, load=lambda: _converted(frame.load()))

    metadata = replace(document.metadata, icc=None) if other else document.metadata
    return replace(document, frames=tuple(converted(frame) for frame in document.frames), metadata=metadata)


def transcoded(document: Document, target: Format) -> Document:
    """The document as another format, in which it fits, holds it."""
    if is_one_picture(document):
        document = _still(document)
    if document.kind == "animation":
        document = _coalesced(document, target)
    turn = 1 if target.orientation else orientation_of(document.metadata.exif)
    return _upright(document, turn) if turn != 1 else document


def _converted(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode in MODES and not MODES[mode].indexable:
        plain = image.convert("RGB")
        plain.info.pop("icc_profile", None)
        return plain
    if mode in _UNBOUNDED:
        raise Unsupported(f"its {mode!r} levels have no scale; convert them to 'L' or 'I;16' first")
    return image.convert(CONVERSIONS[mode]) if mode in CONVERSIONS else image


def _still(document: Document) -> Document:
    canvas = next(composed.canvas for composed in composed_frames(document) if composed.frame.displayed)
    return replace(document, frames=(Frame(lambda: canvas),), kind="still")


def _coalesced(document: Document, target: Format) -> Document:
    """An animation whose frames are what is seen, cropped to what changes where the format allows it."""
    boxes: list[tuple[int, int, int, int]] = []
    displayed_frames: list[Frame] = []
    before = None
    clear = False
    for composed in composed_frames(document):
        if not composed.frame.displayed:
            continue
        canvas = composed.canvas
        clear |= canvas.getchannel("A").histogram()[255] < canvas.width * canvas.height
        if before is None:
            before = canvas.copy()
            boxes.append((0, 0, *canvas.size))
        else:
            boxes.append(_changed(before, canvas))
            before.paste(canvas.crop(boxes[-1]), boxes[-1])
        displayed_frames.append(composed.frame)
    # If frames are only drawn over what is there, pixels become transparent by clearing the canvas alone.
    whole = clear and not target.replacing_frames
    canvas_at = _seeker(document)

    def frame(index: int) -> Frame:
        box = (0, 0, *document.size) if whole else boxes[index]
        dispose: Dispose = "background" if whole else "none"
        milliseconds = displayed_frames[index].milliseconds
        return Frame(lambda: canvas_at(index).crop(box), box[0], box[1], milliseconds, dispose)

    return replace(document, frames=tuple(frame(index) for index in range(len(boxes))))


def _changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int]:
    """The box that differs, from even places on, as WebP needs it; one pixel where there is none."""
    boxes = []
    for left, top, right, bottom in strips_of(after.size):
        strips = (image.crop((left, top, right, bottom)) for image in (before, after))
        if box := ImageChops.difference(*strips).getbbox(alpha_only=False):
            boxes.append((box[0], top + box[1], box[2], top + box[3]))
    if not boxes:
        return 0, 0, 1, 1
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts) // 2 * 2, min(tops) // 2 * 2, max(rights), max(bottoms)


def _seeker(document: Document) -> Callable[[int], Image.Image]:
    """Canvas by number: cheap as long as the numbers rise."""
    following = 0
    rest: Iterator[ComposedFrame] = iter(())

    def canvas_at(index: int) -> Image.Image:
        nonlocal following, rest
        if index < following or following == 0:
            following = 0
            rest = (composed for composed in composed_frames(document) if composed.frame.displayed)
        composed = next(islice(rest, index - following, None))
        following = index + 1
        return composed.canvas

    return canvas_at


def _upright(document: Document, orientation: int) -> Document:
    """A document with its pixels turned, for a format that cannot say how to turn them."""

    def turned(frame: Frame) -> Frame:
        def load() -> Image.Image:
            return frame.load().transpose(_TURNS[orientation])

        return replace(frame, load=load)

    if document.kind == "animation":
        # Turning boxes is more than an animation with an orientation, which nobody makes, is worth.
        raise Unsupported("it is animated and lies on its side; turn it first")
    size = document.size[::-1] if orientation >= 5 else document.size
    return replace(document, frames=tuple(turned(frame) for frame in document.frames), size=size)
