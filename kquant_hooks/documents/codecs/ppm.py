"""Netpbm's PBM, PGM and PPM: exact pixels without a palette, and comments as the only metadata."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import cast

from PIL import Image, ImageChops

from kquant_hooks.documents.document import Document, Encoding, Unsupported, transparency_error
from kquant_hooks.documents.opening import decode, still_document

_MODES = {b"P1": "1", b"P4": "1", b"P2": "L", b"P5": "L", b"P3": "RGB", b"P6": "RGB"}
_FORMAT_NAMES = {"1": "PBM", "L": "PGM", "RGB": "PPM"}
_MAX_LEVEL = 65535
_WHITESPACE = rb"(?:\s|#[^\n\r]*[\n\r])+"
_COMMENT = re.compile(rb"#[^\n\r]*")
_BEFORE_SIZES = re.compile(rb"P[1-6]" + _WHITESPACE)
_BINARY_HEADER = re.compile(
    rb"P([456])" + _WHITESPACE + rb"(\d+)" + _WHITESPACE + rb"(\d+)(?:" + _WHITESPACE + rb"(\d+))?\s"
)


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a picture."""
    image = _in_16_bits(decode(data, max_pixels))
    if _length_of_first(data, image) < len(data):
        raise Unsupported("it holds more than one picture, and all but the first would be lost")
    start = _BEFORE_SIZES.match(data)
    comments = b"".join(line + b"\n" for line in _COMMENT.findall(start[0] if start else b""))
    return still_document("PPM", image, (_MODES[data[:2]], comments))


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Encode the source's own format, PBM, PGM or PPM, in binary; PPM for a source of another format."""
    (image,) = images
    if image.has_transparency_data:
        raise transparency_error("PPM")
    mode, comments = document.parts if document.format == "PPM" else ("RGB", b"")
    # PBM holds only black and white, and PGM only grey levels.
    converted = image.convert(mode, dither=Image.Dither.NONE)
    if ImageChops.difference(converted.convert("RGB"), image.convert("RGB")).getbbox():
        raise Unsupported(f"{_FORMAT_NAMES[mode]} cannot hold the colours of this palette")
    buffer = io.BytesIO()
    converted.save(buffer, "PPM")
    written = buffer.getvalue()
    # Comments follow the first line, which names the format.
    return written if encoding.strip else written[:3] + comments + written[3:]


def _in_16_bits(image: Image.Image) -> Image.Image:
    """The picture in mode I;16 if its levels fit: Pillow reads 16-bit levels in mode I."""
    if image.mode != "I":
        return image
    low, high = cast("tuple[int, int]", image.getextrema())
    return image.convert("I;16") if low >= 0 and high <= _MAX_LEVEL else image


def _length_of_first(data: bytes, image: Image.Image) -> int:
    """The length of the first picture in the file."""
    match = _BINARY_HEADER.match(data)
    if match is None:
        # In the text formats, nothing shows where a second picture would begin.
        return len(data)
    width, height = image.size
    if match[1] == b"4":
        return match.end(3) + 1 + (width + 7) // 8 * height
    samples = 3 if match[1] == b"6" else 1
    return match.end() + width * height * samples * (2 if int(match[4] or 0) > 255 else 1)
