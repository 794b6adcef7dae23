"""JPEG, which Pillow reads: its segments, before it is known that they cost no more than its pixels do.

The format: ITU-T T.81, 1992.
"""

from __future__ import annotations

import re

SIGNATURE = b"\xff\xd8\xff"
# Not those that stand for a byte of pixels, separate them, or fill.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_START, _END, _SCAN, _EXIF = 0xD8, 0xD9, 0xDA, 0xE1
# Each scan takes a pass over all pixels, and may have a few bytes; encoders make a dozen.
_MOST_SCANS = 256
# Pillow joins these one by one; there should be one.
_MOST_EXIF = 256


def check_segments(data: bytes) -> None:
    """ValueError for a file whose scans or EXIF would take time without bound."""
    place, scans, exif = 0, 0, 0
    while match := _MARKER.search(data, place):
        marker, place = match[1][0], match.end()
        if marker == _START:
            continue
        if marker == _END:
            break
        scans += marker == _SCAN
        exif += marker == _EXIF and data.startswith(b"Exif\0\0", place + 2)
        place += int.from_bytes(data[place : place + 2], "big")
    for found, most, what in ((scans, _MOST_SCANS, "scans"), (exif, _MOST_EXIF, "EXIF segments")):
        if found > most:
            raise ValueError(f"cannot be decoded: it has {found} {what}, and more than {most} are not read")
