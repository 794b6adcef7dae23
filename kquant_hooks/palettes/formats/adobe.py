"""Adobe Swatch Exchange, ``.ase``: blocks of groups and colours, as floating point numbers, with names.

Adobe has not published the format. It is described at http://iamacamera.org/default.aspx?id=109; details that
are missing there are at https://dotclue.org/archive/2013/06/004258/.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import bytes_at, fields_at
from kquant_hooks.palettes.spaces import from_cmyk, from_lab, from_unit
from kquant_hooks.palettes.swatch import Swatch

_MAGIC = b"ASEF"
_COLOR = 1
_GLOBAL = 0
_MODELS = {b"RGB ": 3, b"CMYK": 4, b"LAB ": 3, b"Gray": 1, b"GRAY": 1}


def matches(data: bytes) -> bool:
    """Whether the bytes are an Adobe Swatch Exchange file."""
    return data.startswith(_MAGIC)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of all groups of a file; ValueError if it is damaged."""
    _, _, _, blocks = fields_at(data, 0, ">4sHHI")
    start = 12
    for _ in range(blocks):
        kind, size = fields_at(data, start, ">HI")
        block = bytes_at(data, start + 6, size)
        if kind == _COLOR:
            try:
                yield _swatch(block)
            except ValueError as error:
                raise ValueError(f"the block at byte {start}: {error}") from None
        start += 6 + size


def _swatch(block: bytes) -> Swatch:
    (length,) = fields_at(block, 0, ">H")
    name = bytes_at(block, 2, 2 * length).decode("utf-16-be", "replace").partition("\0")[0]
    (model,) = fields_at(block, 2 + 2 * length, ">4s")
    if model not in _MODELS:
        raise ValueError(f"expected a colour in RGB, CMYK, LAB or Gray, got {model!r}")
    values = fields_at(block, 6 + 2 * length, f">{_MODELS[model]}f")
    if not all(map(math.isfinite, values)):
        raise ValueError(f"expected finite numbers, got {values}")
    match model:
        case b"RGB ":
            return Swatch(from_unit(*values), name)
        case b"CMYK":
            return Swatch(from_cmyk(*values), name)
        case b"LAB ":
            return Swatch(from_lab(100 * values[0], *values[1:]), name)
    return Swatch(from_unit(*3 * values), name)


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A file of opaque colours, without groups."""
    blocks = [_MAGIC + struct.pack(">HHI", 1, 0, len(swatches))]
    for levels, name in swatches:
        text = f"{name}\0".encode("utf-16-be")
        values = (level / 255 for level in levels[:3])
        block = struct.pack(">H", len(text) // 2) + text + struct.pack(">4s3fH", b"RGB ", *values, _GLOBAL)
        blocks.append(struct.pack(">HI", _COLOR, len(block)) + block)
    return b"".join(blocks)
