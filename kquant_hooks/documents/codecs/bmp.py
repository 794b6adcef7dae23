"""Windows bitmaps: a palette of 1, 4 or 8 bits and no transparency."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from PIL import Image

from kquant_hooks.documents.document import Document, Encoding, Unsupported, without_transparency
from kquant_hooks.documents.opening import decode, still

_FILE = struct.Struct("<2sIHHI")
_INFO = struct.Struct("<IiiHHIIiiII")
_INCHES_PER_METRE = 1 / 0.0254
# The shortest header with a mask of the bits that are alpha; 16 bits, whose meaning masks say.
_WITH_ALPHA, _BIT_FIELDS_OF_16 = 56, struct.pack("<HI", 16, 3)
_EMBEDDED, _LINKED = b"DEBM", b"KNIL"


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a bitmap apart."""
    image = decode(data, max_pixels)
    length = int.from_bytes(data[14:18], "little")
    if length >= 124 and data[70:74] in (_EMBEDDED, _LINKED):
        raise Unsupported("its colour profile, which Pillow cannot read, would be lost")
    if length >= _WITH_ALPHA and data[28:34] == _BIT_FIELDS_OF_16 and any(data[66:70]):
        raise Unsupported("its transparency, which Pillow cannot read, would be lost")
    return still("BMP", image)


def write(document: Document, images: Iterable[Image.Image], _encoding: Encoding) -> bytes:
    """An indexed bitmap of the fewest bits; beside its pixels it holds a resolution and nothing else."""
    (image,) = images
    if image.has_transparency_data:
        raise without_transparency("BMP")
    levels = image.getpalette() or [0, 0, 0]
    count = len(levels) // 3
    bits = next(bits for bits in (1, 4, 8) if count <= 1 << bits)
    stride = (image.width * bits + 31) // 32 * 4
    # Rows from the bottom up, each a multiple of four bytes.
    pixels = image.tobytes("raw", "P" if bits == 8 else f"P;{bits}", stride, -1)
    table = b"".join(bytes([*reversed(levels[i : i + 3]), 0]) for i in range(0, len(levels), 3))
    dots = [round(value * _INCHES_PER_METRE) for value in document.metadata.dpi or (0, 0)]
    start = _FILE.size + _INFO.size + len(table)
    info = _INFO.pack(_INFO.size, *image.size, 1, bits, 0, len(pixels), *dots, count, count)
    return _FILE.pack(b"BM", start + len(pixels), 0, 0, start) + info + table + pixels
