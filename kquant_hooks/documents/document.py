"""The content of an image file as values: frames with their geometry and timing, and metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image

from kquant_hooks.images.pixels import in_rgba

Dispose = Literal["none", "background", "previous"]
Kind = Literal["still", "animation", "pages"]


class Unsupported(ValueError):  # noqa: N818  the file is unsupported; the program makes no error
    """An intact file that cannot be quantized, or stored in a format, without losing something."""


def transparency_error(format_name: str) -> Unsupported:
    """The error for transparent pixels in a format without transparency."""
    return Unsupported(f"{format_name} cannot hold transparency; give another format, such as PNG")


def pixel_value_error(what: str) -> Unsupported:
    """The error for metadata that describes the file's own pixel values."""
    return Unsupported(f"its {what} would be wrong for palette indices; use --strip to omit such data")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One stored picture.

    Attributes
    ----------
    load : callable
        Decodes the stored pixels. Each call returns a new image, so that memory holds one frame at a time.
    left, top : int
        Its position on the canvas.
    milliseconds : float
        How long it is displayed.
    dispose : {"none", "background", "previous"}
        What happens to its box before the next frame is drawn.
    blend : bool
        True: it is composited over the canvas. False: it replaces the pixels of its box, alpha included.
    displayed : bool
        False for the default image of an animated PNG if this image is not part of the animation.
    """

    load: Callable[[], Image.Image]
    left: int = 0
    top: int = 0
    milliseconds: float = 0
    dispose: Dispose = "none"
    blend: bool = False
    displayed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """How to display a picture, and who owns it; None for what the file does not have.

    Attributes
    ----------
    icc : bytes, optional
        A colour profile.
    exif : bytes, optional
        A TIFF structure, without a prefix.
    xmp : bytes, optional
        An XML document.
    dpi : tuple of float, optional
    comment : str, optional
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A parsed file.

    Attributes
    ----------
    format : str
        The name of the file's format.
    size : tuple of int
        Width and height of the canvas; if the frames are pages, of the first page.
    frames : tuple of Frame
    kind : {"still", "animation", "pages"}
    loop : int, optional
        How often the animation is played, 0 for ever; None if the file does not say.
    metadata : Metadata
    parts : object
        Data that only the format's own codec understands, which it needs to write the file again.
    """

    format: str
    size: tuple[int, int]
    frames: tuple[Frame, ...]
    kind: Kind = "still"
    loop: int | None = None
    metadata: Metadata = field(default_factory=Metadata)
    parts: Any = None

    @property
    def displayed_count(self) -> int:
        """The number of frames that viewers display; all if the frames are pages."""
        return sum(frame.displayed for frame in self.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a document is written.

    Attributes
    ----------
    level : int
        The compression level of deflate, 0..9.
    strip : bool
        Omit metadata about the picture's content, owner and origin; keep what viewers need to display it.
    """

    level: int = 8
    strip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComposedFrame:
    """A frame and the canvas on which it was drawn.

    Attributes
    ----------
    frame : Frame
    stored : PIL.Image.Image
        Its own pixels.
    canvas : PIL.Image.Image
        What a viewer displays during the frame. If the frame is not part of an animation, this is ``stored``.
    """

    frame: Frame
    stored: Image.Image
    canvas: Image.Image


def has_single_frame(document: Document) -> bool:
    """Whether the document is an animation of one frame, which viewers display as a still picture."""
    return document.kind == "animation" and document.displayed_count == 1


def composed_frames(document: Document) -> Iterator[ComposedFrame]:
    """Draw each frame on the canvas by the rules of animated PNG, which cover those of GIF and WebP."""
    if document.kind != "animation":
        for frame in document.frames:
            stored = frame.load()
            yield ComposedFrame(frame=frame, stored=stored, canvas=stored)
        return
    canvas = Image.new("RGBA", document.size)
    for frame in document.frames:
        stored = frame.load()
        if not frame.displayed:
            yield ComposedFrame(frame=frame, stored=stored, canvas=stored)
            continue
        if frame.left + stored.width > canvas.width or frame.top + stored.height > canvas.height:
            raise ValueError("cannot be decoded: a frame lies outside the canvas")
        before = canvas.copy() if frame.dispose == "previous" else canvas
        position = (frame.left, frame.top)
        draw = canvas.alpha_composite if frame.blend else canvas.paste
        draw(in_rgba(stored), position)
        yield ComposedFrame(frame=frame, stored=stored, canvas=canvas)
        if frame.dispose == "previous":
            canvas = before
        elif frame.dispose == "background":
            box = (*position, frame.left + stored.width, frame.top + stored.height)
            canvas.paste((0, 0, 0, 0), box)
