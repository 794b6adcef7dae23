"""Windows bitmaps: a palette of 1, 4 or 8 bits, without transparency."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from PIL import Image

from kquant_hooks.documents.document import Document, Encoding, Unsupported, transparency_error
from kquant_hooks.documents.opening import decode, still_document

_FILE_HEADER = struct.Struct("<2sIHHI")
_INFO_HEADER = struct.Struct("<IiiHHIIiiII")
_METERS_PER_INCH = 0.0254
# The shortest header with an alpha mask; the fields of a 16-bit bitmap whose channels are given by masks.
_MIN_ALPHA_HEADER_SIZE, _MASKED_16_BITS = 56, struct.pack("<HI", 16, 3)
_PROFILE_HEADER_SIZE = 124
_PROFILE_EMBEDDED, _PROFILE_LINKED = b"DEBM", b"KNIL"


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a bitmap."""
    image = decode(data, max_pixels)
    header_size = int.from_bytes(data[14:18], "little")
    if header_size >= _PROFILE_HEADER_SIZE and data[70:74] in (_PROFILE_EMBEDDED, _PROFILE_LINKED):
        raise Unsupported("its colour profile, which Pillow cannot read, would be lost")
    if header_size >= _MIN_ALPHA_HEADER_SIZE and data[28:34] == _MASKED_16_BITS and any(data[66:70]):
        raise Unsupported("its transparency, which Pillow cannot read, would be lost")
    return still_document("BMP", image)


def write(document: Document, images: Iterable[Image.Image], _encoding: Encoding) -> bytes:
    """Encode an indexed bitmap with as few bits as possible; its only metadata is the resolution."""
    (image,) = images
    if image.has_transparency_data:
        raise transparency_error("BMP")
    palette = image.getpalette() or [0, 0, 0]
    count = len(palette) // 3
    bits = next(bits for bits in (1, 4, 8) if count <= 1 << bits)
    stride = (image.width * bits + 31) // 32 * 4
    # Rows go from bottom to top, and each is a multiple of four bytes.
    pixels = image.tobytes("raw", "P" if bits == 8 else f"P;{bits}", stride, -1)
    table = b"".join(bytes([*reversed(palette[i : i + 3]), 0]) for i in range(0, len(palette), 3))
    dots_per_meter = [round(value * (1 / _METERS_PER_INCH)) for value in document.metadata.dpi or (0, 0)]
    pixel_offset = _FILE_HEADER.size + _INFO_HEADER.size + len(table)
    info = _INFO_HEADER.pack(
        _INFO_HEADER.size, *image.size, 1, bits, 0, len(pixels), *dots_per_meter, count, count
    )
    return _FILE_HEADER.pack(b"BM", pixel_offset + len(pixels), 0, 0, pixel_offset) + info + table + pixels
