"""Images of palettes, ``.png``: the palette of an indexed image, or the distinct colours of another."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from kquant_hooks.palettes.binary import fields_at
from kquant_hooks.palettes.swatch import Swatch

_MAGIC = b"\x89PNG\r\n\x1a\n"
# A few bytes may decode to a great many pixels.
_MAX_PIXELS = 1 << 22


def matches(data: bytes) -> bool:
    """Whether the bytes are a PNG image."""
    return data.startswith(_MAGIC)


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of an image, in reading order; ValueError if it is damaged or too large."""
    kind, width, height, depth = fields_at(data, 12, ">4sIIB")
    if kind != b"IHDR":
        # Pillow would find a later header, which may declare any number of pixels.
        raise ValueError(f"byte 12: expected the header (IHDR), got {kind!r}")
    if width * height > _MAX_PIXELS:
        raise ValueError(f"byte 16: expected up to {_MAX_PIXELS} pixels, got {width} x {height}")
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
    """R, G, B, A of the palette or, if there is none, of the pixels; and whether there is a palette."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError("a second header")
        image.load()
        if image.mode != "P":
            return image.convert("RGBA").tobytes(), False
        image.apply_transparency()
        return bytes(image.getpalette("RGBA") or ()), True
    except Exception as error:  # Pillow raises almost anything for broken files
        raise ValueError(f"its PNG data is damaged, or cut off at byte {len(data)}") from error


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """An indexed image with one row of pixels, one for each colour, without names."""
    from PIL import Image

    image = Image.frombytes("P", (len(swatches), 1), bytes(range(len(swatches))))
    image.putpalette(b"".join(bytes(levels[:3]) for levels, _ in swatches))
    # Not as a palette with alpha, whose entries older versions of Pillow count wrongly.
    alpha = bytes(level for levels, _ in swatches for level in levels[3:])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **({"transparency": alpha} if alpha else {}))
    return buffer.getvalue()
