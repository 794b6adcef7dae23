"""Microsoft's RIFF ``.pal``: a ``LOGPALETTE`` in a chunk, specified by IBM and Microsoft in 1991."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import bytes_at, fields_at
from kquant_hooks.palettes.swatch import Swatch

_VERSION = 0x0300


def matches(data: bytes) -> bool:
    """Whether the bytes are a RIFF palette."""
    return data[:4] == b"RIFF" and data[8:12] == b"PAL "


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    start = 12
    kind, size = fields_at(data, start, "<4sI")
    while kind != b"data":
        # Chunks start at even offsets.
        start += 8 + size + size % 2
        kind, size = fields_at(data, start, "<4sI")
    version, count = fields_at(data, start + 8, "<HH")
    if version != _VERSION:
        raise ValueError(f"byte {start + 8}: expected the version {_VERSION:#06x}, got {version:#06x}")
    if size < 4 + 4 * count:
        raise ValueError(f"byte {start + 4}: {count} colours do not fit in a chunk of {size} bytes")
    for entry in range(count):
        # The fourth byte holds flags, not alpha.
        yield Swatch(tuple(bytes_at(data, start + 12 + 4 * entry, 4)[:3]))


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of opaque colours, without names."""
    colors = b"".join(bytes((*levels[:3], 0)) for levels, _ in swatches)
    chunk = struct.pack("<HH", _VERSION, len(swatches)) + colors
    return struct.pack("<4sI4s4sI", b"RIFF", 12 + len(chunk), b"PAL ", b"data", len(chunk)) + chunk
