"""A codec for a made-up format: a size, a palette and indices."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from PIL import Image

from kquant_hooks.documents.document import Document, Encoding
from kquant_hooks.documents.opening import still_document

SIGNATURE = b"MADEUP1\n"
_HEAD = struct.Struct(">8sHHH")


def read(data: bytes, max_pixels: int | None) -> Document:
    _, width, height, count = _HEAD.unpack_from(data)
    palette, pixels = data[_HEAD.size : _HEAD.size + 3 * count], data[_HEAD.size + 3 * count :]
    image = Image.frombytes("P", (width, height), pixels)
    image.putpalette(palette)
    return still_document("made-up", image)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    (image,) = images
    palette = bytes(image.getpalette())
    return _HEAD.pack(SIGNATURE, *image.size, len(palette) // 3) + palette + image.tobytes()
