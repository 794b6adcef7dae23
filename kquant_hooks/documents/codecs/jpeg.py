"""JPEG, which Pillow reads: what it would cost, and whether all of its pixels are there.

The format: ITU-T T.81, 1992.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kquant_hooks.documents.document import Document
from kquant_hooks.documents.opening import decode, still
from kquant_hooks.images.pixels import same_pixels

# Not those that stand for a byte of pixels, separate them, or fill.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_START, _END, _SCAN, _EXIF = 0xD8, 0xD9, 0xDA, 0xE1
# Of frames whose numbers are coded arithmetically: what ends them may be left out.
_ARITHMETIC = {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
# Each scan takes a pass over all pixels, and may have a few bytes; encoders make a dozen.
_MOST_SCANS = 256
# Pillow joins these one by one; there should be one.
_MOST_EXIF = 256
# Whatever bits are missing, these are others.
PADDING = bytes(83 * index % 251 for index in range(1, 65))


def read(data: bytes, max_pixels: int | None) -> Document:
    """Read the picture of a JPEG, or the first of several."""
    _check_costs(data)
    image = decode(data, max_pixels)
    padded = with_padding(data)
    if padded != data and not same_pixels(image, decode(padded, max_pixels)):
        raise ValueError("cannot be decoded: its pixels end before the last row")
    return still(image.format or "JPEG", image)


def with_padding(data: bytes) -> bytes:
    """The same picture with further bytes behind each scan, which say something only where bits are missing.

    Decoders fill what is missing with grey, and say nothing.
    """
    parts, done, in_scan = [], 0, False
    for marker, place in _segments(data):
        if marker in _ARITHMETIC:
            return data
        if in_scan:
            while data[place - 1] == 0xFF:
                place -= 1
            parts += [data[done:place], PADDING]
            done = place
        in_scan = marker == _SCAN
    return b"".join([*parts, data[done:], PADDING * in_scan])


def _check_costs(data: bytes) -> None:
    """ValueError for a file whose scans or EXIF would take time without bound."""
    scans, exif = 0, 0
    for marker, place in _segments(data):
        scans += marker == _SCAN
        exif += marker == _EXIF and data.startswith(b"Exif\0\0", place + 4)
    for found, most, what in ((scans, _MOST_SCANS, "scans"), (exif, _MOST_EXIF, "EXIF segments")):
        if found > most:
            raise ValueError(f"cannot be decoded: it has {found} {what}, and more than {most} are not read")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment and where it stands, up to the end of the first picture."""
    place = 0
    while match := _MARKER.search(data, place):
        marker, place = match[1][0], match.end()
        if marker == _START:
            continue
        yield marker, match.start()
        if marker == _END:
            break
        place += int.from_bytes(data[place : place + 2], "big")
