"""Formats that are only read: AVIF, JPEG 2000, TGA and whatever else Pillow knows."""

from __future__ import annotations

from PIL import Image

from kquant_hooks.documents.codecs.pngchecks import check_within
from kquant_hooks.documents.document import Document, Frame
from kquant_hooks.documents.opening import count_frames, decode, metadata_of, open_image, still
from kquant_hooks.options.limits import check_frames

_ANIMATED = {"AVIF", "FLI"}
# What else they hold are previews, depth maps, sizes or layers of the one picture that is shown.
_OF_ONE_PICTURE = {"PSD", "ICO", "ICNS", "JPEG2000"}
_OF_ICONS = {"ICO", "ICNS"}


def read(data: bytes, max_pixels: int | None) -> Document:
    """Read a file by Pillow alone."""
    image = open_image(data, max_pixels)
    name = image.format or "?"
    count = count_frames(image)
    if name in _OF_ICONS:
        check_within(data, max_pixels)
    if count == 1 or name in _OF_ONE_PICTURE:
        return still(name, decode(data, max_pixels))
    if name not in _ANIMATED:
        raise ValueError(f"it has {count} pages, and {name} pages cannot be written")
    check_frames([image.size] * count, max_pixels)

    def frame(index: int) -> Frame:
        return Frame(lambda: _seek(image, index), milliseconds=_milliseconds(image, index))

    frames = tuple(frame(index) for index in range(count))
    return Document(name, image.size, frames, "animation", image.info.get("loop", 0), metadata_of(image))


def _seek(image: Image.Image, index: int) -> Image.Image:
    """One frame of an open file: in their order, each is decoded once."""
    try:
        image.seek(index)
        image.load()
    except Exception as error:
        raise ValueError(f"cannot be decoded: {error}") from error
    return image.copy()


def _milliseconds(image: Image.Image, index: int) -> float:
    return float(_seek(image, index).info.get("duration", 0))
