"""What an image file holds, in values: frames with their geometry and timing, and what surrounds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image

from kquant_hooks.images.pixels import in_rgba

Dispose = Literal["none", "background", "previous"]
Kind = Literal["still", "animation", "pages"]


class Unsupported(ValueError):  # noqa: N818  it is the file that is, not the program that errs
    """A sound file that cannot be quantized, or held by a format, without losing something."""


def without_transparency(format_name: str) -> Unsupported:
    """A picture with transparent pixels for a format that has none."""
    return Unsupported(f"{format_name} cannot hold transparency; give another format, such as PNG")


def untrue_of_indices(what: str) -> Unsupported:
    """A file with what only its own pixel values make true."""
    return Unsupported(f"its {what} would not be true of a palette's indices; --strip leaves that out")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture as it is stored.

    Attributes
    ----------
    load : callable
        Decodes the stored pixels: a new image at each call, so that memory holds one frame at a time.
    left, top : int
        Where on the canvas it is drawn.
    milliseconds : float
        How long it is shown.
    dispose : {"none", "background", "previous"}
        What happens to its box before the next one is drawn.
    blend : bool
        Drawn over the canvas, which shows through; else its box is replaced, alpha included.
    displayed : bool
        False for the still picture that an animated PNG may have for viewers without animation.
    """

    load: Callable[[], Image.Image]
    left: int = 0
    top: int = 0
    milliseconds: float = 0
    dispose: Dispose = "none"
    blend: bool = False
    displayed: bool = True


@dataclass(frozen=True, slots=True)
class Metadata:
    """What says how to show a picture or whose it is; None where there is no such thing.

    Attributes
    ----------
    icc, exif, xmp : bytes, optional
        A colour profile; a TIFF structure, without a prefix; an XML document.
    dpi : tuple of float, optional
    comment : str, optional
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A file taken apart.

    Attributes
    ----------
    format : str
        Name of the format that it came in.
    size : tuple of int
        Width and height of the canvas; of the first page where frames are pages.
    frames : tuple of Frame
    kind : {"still", "animation", "pages"}
    loop : int, optional
        How often an animation is played, 0 for ever; None where the file does not say.
    metadata : Metadata
    parts : object
        What only the format's own module understands, to be put back as it was.
    """

    format: str
    size: tuple[int, int]
    frames: tuple[Frame, ...]
    kind: Kind = "still"
    loop: int | None = None
    metadata: Metadata = field(default_factory=Metadata)
    parts: Any = None

    @property
    def displayed(self) -> int:
        """How many of its frames viewers show; of pages, all."""
        return sum(frame.displayed for frame in self.frames)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a document is written.

    Attributes
    ----------
    level : int
        Effort of the deflation, 0..9.
    strip : bool
        Leave out what says whose a picture is or what made it, and keep what says how to show it.
    """

    level: int = 8
    strip: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ComposedFrame:
    """A frame on the canvas.

    Attributes
    ----------
    frame : Frame
    stored : PIL.Image.Image
        Its own pixels.
    canvas : PIL.Image.Image
        What a viewer sees while it lasts; the stored pixels themselves where it stands alone.
    """

    frame: Frame
    stored: Image.Image
    canvas: Image.Image


def is_one_picture(document: Document) -> bool:
    """Whether it is an animation of one frame, which is seen as a still picture."""
    return document.kind == "animation" and document.displayed == 1


def composed_frames(document: Document) -> Iterator[ComposedFrame]:
    """Draw one frame after the other, as animated PNG specifies it; GIF and WebP are cases of that."""
    if document.kind != "animation":
        for frame in document.frames:
            stored = frame.load()
            yield ComposedFrame(frame, stored, stored)
        return
    canvas = Image.new("RGBA", document.size)
    for frame in document.frames:
        stored = frame.load()
        if not frame.displayed:
            yield ComposedFrame(frame, stored, stored)
            continue
        if frame.left + stored.width > canvas.width or frame.top + stored.height > canvas.height:
            raise ValueError("cannot be decoded: a frame lies outside of the canvas")
        before = canvas.copy() if frame.dispose == "previous" else canvas
        place = (frame.left, frame.top)
        draw = canvas.alpha_composite if frame.blend else canvas.paste
        draw(in_rgba(stored), place)
        yield ComposedFrame(frame, stored, canvas)
        if frame.dispose == "previous":
            canvas = before
        elif frame.dispose == "background":
            canvas.paste((0, 0, 0, 0), (*place, place[0] + stored.width, place[1] + stored.height))
