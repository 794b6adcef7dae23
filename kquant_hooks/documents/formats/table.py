"""The table of containers: what each can hold, and how it is read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image

from kquant_hooks.documents.document import Document, Encoding
from kquant_hooks.documents.formats import bmp, gif, jpeg, other, png, ppm, tiff, webp
from kquant_hooks.documents.formats.facts import Facts, facts_of


@dataclass(frozen=True, slots=True)
class Container:
    """A container that holds quantized pixels exactly.

    Attributes
    ----------
    read : callable
        Bytes and the largest number of pixels to a document; ValueError with one sentence.
    write : callable
        Document, its frames' new images and an encoding to bytes; ValueError where they cannot be held.
    kinds : tuple of str
        Kinds of documents that it can hold.
    upright : bool
        Whether it has no place for an orientation, so that pixels have to be turned.
    grey : bool
        Whether it can hold grey levels, as it has to where the profile is one of these.
    keeps : str
        What survives, for the README.
    side : int
        The largest width or height.
    seconds, loops : float, int
        How long a frame can be shown, and how often an animation can be played.
    transparency : bool
        Whether it can hold transparent pixels.
    check : callable
        Document and encoding; ValueError where it could hold the pictures, but not what surrounds them.
    """

    read: Callable[[bytes, int | None], Document]
    write: Callable[[Document, Iterable[Image.Image], Encoding], bytes]
    kinds: tuple[str, ...]
    upright: bool
    grey: bool
    keeps: str
    side: int
    seconds: float = 0
    loops: int = 0
    transparency: bool = True
    check: Callable[[Document, Encoding], None] = lambda *_: None


CONTAINERS = {
    "PNG": Container(
        png.read,
        png.write,
        ("still", "animation"),
        upright=False,
        grey=True,
        keeps="profile, EXIF, XMP, text, resolution, gamma, sRGB, cICP, HDR hints, time, background, private "
        "chunks that allow it; frames, boxes, delays, disposal, blending, loop, the still for old viewers",
        side=(1 << 31) - 1,
        seconds=65535,
        loops=(1 << 31) - 1,
        check=png.check,
    ),
    "GIF": Container(
        gif.read,
        gif.write,
        ("still", "animation"),
        upright=True,
        grey=False,
        keeps="comments, profile, XMP, all other extensions in place; frames, boxes, delays, disposal, loop",
        side=65535,
        seconds=655.35,
        loops=65536,
    ),
    "WebP": Container(
        webp.read,
        webp.write,
        ("still", "animation"),
        upright=False,
        grey=False,
        keeps="profile, EXIF, XMP, unknown chunks; frames, boxes, delays, disposal, blending, loop",
        side=16383,
        seconds=16777.215,
        loops=65535,
    ),
    "TIFF": Container(
        tiff.read,
        tiff.write,
        ("still", "pages"),
        upright=False,
        grey=True,
        keeps="all tags but those of how pixels are stored: profile, EXIF, GPS, XMP, IPTC, resolution, "
        "texts, private ones; pages, byte order, lossless compression, tiles, nodata",
        side=(1 << 32) - 1,
        check=tiff.check,
    ),
    "BMP": Container(
        bmp.read,
        bmp.write,
        ("still",),
        upright=True,
        grey=False,
        keeps="resolution",
        side=(1 << 31) - 1,
        transparency=False,
    ),
    "PPM": Container(
        ppm.read,
        ppm.write,
        ("still",),
        upright=True,
        grey=False,
        keeps="the kind of file, comments",
        side=(1 << 31) - 1,
        transparency=False,
    ),
}

# Those of lossless pictures can be written, but these cannot be written back.
_READ_ONLY = {"lossy WebP": webp.read, "JPEG": jpeg.read}


def read_document(data: bytes, name: str | None, max_pixels: int | None) -> Document:
    """Take a file apart by the name that sniffing gave it; ValueError with one sentence."""
    read = CONTAINERS[name].read if name in CONTAINERS else _READ_ONLY.get(name or "", other.read)
    document = read(data, max_pixels)
    _check_header(document, facts_of(data, document.container))
    return document


def _check_header(document: Document, facts: Facts | None) -> None:
    """Refuse a file of which the header and its frames, as they are read, say different things."""
    if facts is None:
        return
    shown = sum(frame.shown for frame in document.frames)
    pages = shown if document.kind == "pages" else 1
    said = [(len(facts.sizes), pages, "pages"), (facts.sizes[0], document.size, "pixels")]
    if document.kind == "animation":
        said += [(len(facts.delays), shown, "frames"), (facts.loop, document.loop, "repetitions")]
    for in_header, found, what in said:
        if in_header != found:
            raise ValueError(f"cannot be decoded: its header says {in_header} {what}, and {found} are found")
