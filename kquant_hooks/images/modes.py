"""The one table of Pillow's modes and what the quantizer does with each; the README's is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode that is quantized as it is.

    Attributes
    ----------
    content : str
        What one pixel is: a ``gray`` level, ``gray+alpha``, an ``index``, ``rgb``, ``rgba``, four ``inks``,
        three ``channels`` of another colour space, or a ``deep`` grey level of 16 bits.
    raw : str
        Pillow's raw mode in which a pixel is one unsigned integer.
    dtype : str
        NumPy's name for that integer.
    note : str
        What happens, for the README.
    """

    content: Literal["gray", "gray+alpha", "index", "rgb", "rgba", "inks", "channels", "deep"]
    raw: str
    dtype: str
    note: str

    @property
    def bits(self) -> int:
        """The width of a pixel's code; any further bits that are read are padding."""
        return 24 if self.content in ("rgb", "channels") else 8 * int(self.dtype[-1])

    @property
    def gray(self) -> bool:
        """Whether a pixel has a grey level and no colour."""
        return self.content in ("gray", "gray+alpha", "deep")

    @property
    def indexable(self) -> bool:
        """Whether a palette of R, G, B, A can hold its colours; 16-bit levels become 8-bit levels."""
        return self.content not in ("inks", "channels")


_DEEP = "clustered on its 65 536 levels"

MODES = {
    "1": Mode(
        content="gray",
        raw="L",
        dtype="u1",
        note="stays black and white; a single colour is the more common of the two",
    ),
    "L": Mode(content="gray", raw="L", dtype="u1", note="grey levels"),
    "LA": Mode(content="gray+alpha", raw="LA", dtype="<u2", note="premultiplied grey and alpha"),
    "P": Mode(
        content="index",
        raw="P",
        dtype="u1",
        note="palette entries, weighted by use; indices and their order do not change",
    ),
    "RGB": Mode(content="rgb", raw="RGBX", dtype="<u4", note="R, G, B"),
    "RGBX": Mode(content="rgb", raw="RGBX", dtype="<u4", note="R, G, B; the padding becomes 255"),
    "RGBA": Mode(content="rgba", raw="RGBA", dtype="<u4", note="premultiplied R, G, B and alpha"),
    "CMYK": Mode(content="inks", raw="CMYK", dtype="<u4", note="the four inks"),
    "YCbCr": Mode(content="channels", raw="YCbCrX", dtype="<u4", note="Y, Cb, Cr"),
    "LAB": Mode(content="channels", raw="RGBX", dtype="<u4", note="L*, a*, b*"),
    "I;16": Mode(content="deep", raw="I;16", dtype="<u2", note=_DEEP),
    "I;16L": Mode(content="deep", raw="I;16L", dtype="<u2", note=_DEEP),
    "I;16B": Mode(content="deep", raw="I;16B", dtype=">u2", note=_DEEP),
    "I;16N": Mode(content="deep", raw="I;16N", dtype="=u2", note=_DEEP),
}

# Refused modes, with the mode to convert to. Distances between their pixels mean nothing (the hue of HSV is
# an angle), their values are unbounded (F, I), or no file holds them (premultiplied modes and PA).
CONVERSIONS = {
    "F": "L",
    "HSV": "RGB",
    "I": "I;16",
    "La": "LA",
    "PA": "RGBA",
    "RGBa": "RGBA",
}


def mode_of(name: str) -> Mode:
    """The entry of a mode; ValueError, with the conversion to call, if it is refused."""
    if name in MODES:
        return MODES[name]
    target = CONVERSIONS.get(name, "RGB")
    raise ValueError(f"cannot quantize mode {name!r} images; convert to {target!r} first")
