"""Netpbm's plain formats: no palette, no metadata, but every pixel exactly."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import cast

from PIL import Image, ImageChops

from kquant_hooks.documents.document import Document, Encoding, Unsupported, without_transparency
from kquant_hooks.documents.opening import decode, still

_MODES = {b"P1": "1", b"P4": "1", b"P2": "L", b"P5": "L", b"P3": "RGB", b"P6": "RGB"}
_KINDS = {"1": "PBM", "L": "PGM", "RGB": "PPM"}
_DEEPEST = 65535
_GAP = rb"(?:\s|#[^\n\r]*[\n\r])+"
_COMMENT = re.compile(rb"#[^\n\r]*")
_BEFORE_SIZES = re.compile(rb"P[1-6]" + _GAP)
_HEADER = re.compile(rb"P([456])" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)(?:" + _GAP + rb"(\d+))?\s")


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a picture apart."""
    image = _in_16_bits(decode(data, max_pixels))
    if _length_of_first(data, image) < len(data):
        raise Unsupported("it holds more than one picture, and all but the first would be lost")
    start = _BEFORE_SIZES.match(data)
    comments = b"".join(line + b"\n" for line in _COMMENT.findall(start[0] if start else b""))
    return still("PPM", image, (_MODES[data[:2]], comments))


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Of the kind that the file was, with numbers as bytes; in colour where it was none of these."""
    (image,) = images
    if image.has_transparency_data:
        raise without_transparency("PPM")
    mode, comments = document.parts if document.format == "PPM" else ("RGB", b"")
    # Grey levels and black and white are all that two of the three kinds hold.
    converted = image.convert(mode, dither=Image.Dither.NONE)
    if ImageChops.difference(converted.convert("RGB"), image.convert("RGB")).getbbox():
        raise Unsupported(f"{_KINDS[mode]} cannot hold the colours of this palette")
    buffer = io.BytesIO()
    converted.save(buffer, "PPM")
    written = buffer.getvalue()
    # After the line that says what it is.
    return written if encoding.strip else written[:3] + comments + written[3:]


def _in_16_bits(image: Image.Image) -> Image.Image:
    """The picture in mode I;16 if its levels fit: Pillow reads those of 16 bits in mode I."""
    if image.mode != "I":
        return image
    low, high = cast("tuple[int, int]", image.getextrema())
    return image.convert("I;16") if low >= 0 and high <= _DEEPEST else image


def _length_of_first(data: bytes, image: Image.Image) -> int:
    match = _HEADER.match(data)
    if match is None:
        # Numbers as text: nothing tells where a second picture would begin.
        return len(data)
    width, height = image.size
    if match[1] == b"4":
        return match.end(3) + 1 + (width + 7) // 8 * height
    samples = 3 if match[1] == b"6" else 1
    return match.end() + width * height * samples * (2 if int(match[4] or 0) > 255 else 1)
