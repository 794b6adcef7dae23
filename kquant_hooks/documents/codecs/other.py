"""Reads AVIF, JPEG 2000, TGA and the other formats of Pillow that we cannot write."""

from __future__ import annotations

from PIL import Image

from kquant_hooks.documents.codecs.pngchecks import check_embedded
from kquant_hooks.documents.document import Document, Frame
from kquant_hooks.documents.opening import count_frames, decode, metadata_of, open_image, still_document
from kquant_hooks.options.limits import check_frames

_ANIMATED_FORMATS = {"AVIF", "FLI"}
# Their further images are previews, depth maps, sizes or layers of the one picture that viewers display.
_SINGLE_PICTURE_FORMATS = {"PSD", "ICO", "ICNS", "JPEG2000"}
_ICON_FORMATS = {"ICO", "ICNS"}


def read(data: bytes, max_pixels: int | None) -> Document:
    """Read a file with Pillow alone."""
    image = open_image(data, max_pixels)
    name = image.format or "?"
    count = count_frames(image)
    if name in _ICON_FORMATS:
        check_embedded(data, max_pixels)
    if count == 1 or name in _SINGLE_PICTURE_FORMATS:
        return still_document(name, decode(data, max_pixels))
    if name not in _ANIMATED_FORMATS:
        raise ValueError(f"it has {count} pages, and {name} pages cannot be written")
    check_frames([image.size] * count, max_pixels)

    def frame(index: int) -> Frame:
        return Frame(load=lambda: _seek(image, index), milliseconds=_milliseconds(image, index))

    return Document(
        format=name,
        size=image.size,
        frames=tuple(frame(index) for index in range(count)),
        kind="animation",
        loop=image.info.get("loop", 0),
        metadata=metadata_of(image),
    )


def _seek(image: Image.Image, index: int) -> Image.Image:
    """One frame of an open file; in ascending order, Pillow decodes each frame once."""
    try:
        image.seek(index)
        image.load()
    except Exception as error:
        raise ValueError(f"cannot be decoded: {error}") from error
    return image.copy()


def _milliseconds(image: Image.Image, index: int) -> float:
    return float(_seek(image, index).info.get("duration", 0))
