"""GIFs made byte by byte, with content that no encoder would write."""

from __future__ import annotations

import struct
from dataclasses import dataclass

# Codes of eight bits, so that each is a byte: 126 indices at most before the table is cleared again.
_CLEAR, _END, _RUN = 128, 129, 100


@dataclass(frozen=True)
class Picture:
    """One picture: its box, an index below 128 for each pixel, and its graphic control extension."""

    box: tuple[int, int, int, int]
    indices: bytes
    delay: int = 10
    dispose: int = 0
    transparent: int | None = None
    before: bytes = b""


def plain(box: tuple[int, int, int, int], first: int = 0, **options: object) -> Picture:
    """A picture of many colours: its indices count from ``first`` on."""
    return Picture(box, bytes((first + i) % 128 for i in range(box[2] * box[3])), **options)


def loop_block(repeats: int, name: bytes = b"NETSCAPE2.0") -> bytes:
    return b"\x21\xff\x0b" + name + b"\x03\x01" + struct.pack("<H", repeats) + b"\0"


def table_of(seed: int = 0) -> bytes:
    """128 distinct colours."""
    return b"".join(bytes([2 * i, (seed + 7 * i) % 256, 255 - 2 * i]) for i in range(128))


def gif_of(
    screen: tuple[int, int], pictures: list[Picture], *, blocks: bytes = b"", background: int = 0
) -> bytes:
    out = [b"GIF89a", struct.pack("<HHBBB", *screen, 0xF6, background, 0), table_of(), blocks]
    for picture in pictures:
        flags = picture.dispose << 2 | (picture.transparent is not None)
        out.append(picture.before)
        out.append(b"\x21\xf9\x04" + struct.pack("<BHBB", flags, picture.delay, picture.transparent or 0, 0))
        out.append(
            b"," + struct.pack("<HHHHB", *picture.box, 0) + b"\x07" + _sub_blocks(_codes(picture.indices))
        )
    return b"".join([*out, b";"])


def _codes(indices: bytes) -> bytes:
    runs = [indices[start : start + _RUN] for start in range(0, len(indices), _RUN)]
    return b"".join(bytes([_CLEAR]) + run for run in runs) + bytes([_END])


def _sub_blocks(content: bytes) -> bytes:
    parts = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
