"""The table of containers: what each can hold, and how it is read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PIL import Image

from kquant_hooks.images.containers import bmp, gif, other, png, ppm, tiff, webp
from kquant_hooks.images.document import Document, Encoding


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
    keeps : str
        What survives, for the README.
    """

    read: Callable[[bytes, int], Document]
    write: Callable[[Document, Iterable[Image.Image], Encoding], bytes]
    kinds: tuple[str, ...]
    upright: bool
    keeps: str


CONTAINERS = {
    "PNG": Container(
        png.read,
        png.write,
        ("still", "animation"),
        upright=False,
        keeps="profile, EXIF, XMP, text, resolution, gamma, sRGB, cICP, HDR hints, time, background, private "
        "chunks that allow it; frames, boxes, delays, disposal, blending, loop, the still for old viewers",
    ),
    "GIF": Container(
        gif.read,
        gif.write,
        ("still", "animation"),
        upright=True,
        keeps="comments, profile, XMP, all other extensions in place; frames, boxes, delays, disposal, loop",
    ),
    "WebP": Container(
        webp.read,
        webp.write,
        ("still", "animation"),
        upright=False,
        keeps="profile, EXIF, XMP, unknown chunks; frames, boxes, delays, disposal, blending, loop",
    ),
    "TIFF": Container(
        tiff.read,
        tiff.write,
        ("still", "pages"),
        upright=False,
        keeps="all tags but those of how pixels are stored: profile, EXIF, GPS, XMP, IPTC, resolution, "
        "texts, private ones; pages, byte order, lossless compression",
    ),
    "BMP": Container(bmp.read, bmp.write, ("still",), upright=True, keeps="resolution"),
    "PPM": Container(
        ppm.read,
        ppm.write,
        ("still",),
        upright=True,
        keeps="the kind of file, comments",
    ),
}

# Lossless animations and stills of this container can be written, but these cannot be written back.
_READ_ONLY = {"lossy WebP": webp.read}


def read_document(data: bytes, name: str | None, max_pixels: int) -> Document:
    """Take a file apart by the name that sniffing gave it; ValueError with one sentence."""
    if name in CONTAINERS:
        return CONTAINERS[name].read(data, max_pixels)
    return _READ_ONLY.get(name or "", other.read)(data, max_pixels)
