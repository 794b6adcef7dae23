"""Reads JPEG with Pillow, and refuses files that are too costly or incomplete.

The format: ITU-T T.81, 1992.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kquant_hooks.documents.document import Document
from kquant_hooks.documents.opening import decode, still_document
from kquant_hooks.images.pixels import same_pixels

# Excludes the codes that occur within entropy-coded data: stuffed zeros, restart markers and fill bytes.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
# Start-of-frame markers of arithmetic coding, where an encoder may omit trailing zero bytes.
_ARITHMETIC_MARKERS = {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
# Each scan costs a pass over all pixels, even with a few bytes; encoders make about a dozen.
_MAX_SCANS = 256
# Pillow joins EXIF segments one by one; a file should have one.
_MAX_EXIF_SEGMENTS = 256
# Varied bytes, so that they differ from missing data of any kind.
PADDING = bytes(83 * index % 251 for index in range(1, 65))


def read(data: bytes, max_pixels: int | None) -> Document:
    """Read the picture of a JPEG, or the first of several."""
    _check_costs(data)
    image = decode(data, max_pixels)
    padded = with_padding(data)
    if padded != data and not same_pixels(image, decode(padded, max_pixels)):
        raise ValueError("cannot be decoded: its pixels end before the last row")
    return still_document(image.format or "JPEG", image)


def with_padding(data: bytes) -> bytes:
    """Add bytes at the end of each scan; they change the picture only if it is incomplete.

    Decoders silently fill missing pixels with grey.
    """
    parts, copied, in_scan = [], 0, False
    for marker, offset in _segments(data):
        if marker in _ARITHMETIC_MARKERS:
            return data
        if in_scan:
            while data[offset - 1] == 0xFF:
                offset -= 1
            parts += [data[copied:offset], PADDING]
            copied = offset
        in_scan = marker == _SOS
    return b"".join([*parts, data[copied:], PADDING * in_scan])


def _check_costs(data: bytes) -> None:
    """ValueError if reading the file's scans or EXIF segments could take unlimited time."""
    scans, exif_segments = 0, 0
    for marker, offset in _segments(data):
        scans += marker == _SOS
        exif_segments += marker == _APP1 and data.startswith(b"Exif\0\0", offset + 4)
    for found, limit, what in (
        (scans, _MAX_SCANS, "scans"),
        (exif_segments, _MAX_EXIF_SEGMENTS, "EXIF segments"),
    ):
        if found > limit:
            raise ValueError(f"cannot be decoded: it has {found} {what}; at most {limit} are read")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker and the offset of each segment, up to the end of the first picture."""
    offset = 0
    while match := _MARKER.search(data, offset):
        marker, offset = match[1][0], match.end()
        if marker == _SOI:
            continue
        yield marker, match.start()
        if marker == _EOI:
            break
        offset += int.from_bytes(data[offset : offset + 2], "big")
