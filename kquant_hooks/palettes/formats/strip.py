"""Pictures of palettes, ``.png``: the entries of an indexed one, or the distinct colours of another."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import fields_at
from kquant_hooks.palettes.swatch import Swatch

_MAGIC = b"\x89PNG\r\n\x1a\n"
# A few bytes may stand for very many.
_MOST_PIXELS = 1 << 22


def begins(data: bytes) -> bool:
    """Whether a file is one."""
    return data.startswith(_MAGIC)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a picture, in the order of reading; ValueError where it is damaged or too large."""
    kind, width, height, depth = fields_at(data, 12, ">4sIIB")
    if kind != b"IHDR":
        # Pillow would find one further on, which may announce any number of pixels.
        raise ValueError(f"byte 12: expected the header (IHDR), got {kind!r}")
    if width * height > _MOST_PIXELS:
        raise ValueError(f"byte 16: expected up to {_MOST_PIXELS} pixels, got {width} x {height}")
    if depth > 8:
        raise ValueError(f"byte 24: expected levels of up to 8 bits, got {depth}")
    import numpy as np

    levels, indexed = _decoded(data)
    codes = np.frombuffer(levels, ">u4")
    if not indexed:
        distinct, places = np.unique(codes, return_index=True)
        codes = distinct[np.argsort(places)]
    for code in codes:
        yield Swatch(tuple(int(code).to_bytes(4)))


def _decoded(data: bytes) -> tuple[bytes, bool]:
    """R, G, B, A of the entries of an indexed picture, or of the pixels of another; which of them."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError("a second header")
        image.load()
        if image.mode != "P":
            return image.convert("RGBA").tobytes(), False
        image.apply_transparency()
        return bytes(image.getpalette("RGBA") or ()), True
    except Exception as error:  # it raises almost anything on broken files
        raise ValueError(f"it is damaged, or ends too soon at byte {len(data)}, for a PNG") from error


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """An indexed picture, a pixel for each colour in one row; names are left out."""
    from PIL import Image

    image = Image.frombytes("P", (len(swatches), 1), bytes(range(len(swatches))))
    image.putpalette(b"".join(bytes(levels[:3]) for levels, _ in swatches))
    # Not as a palette with alpha: older versions of Pillow count its entries wrongly.
    alpha = bytes(level for levels, _ in swatches for level in levels[3:])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **({"transparency": alpha} if alpha else {}))
    return buffer.getvalue()
