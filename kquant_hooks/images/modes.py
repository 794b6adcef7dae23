"""What each of Pillow's modes means to the quantizer: the one table, which the README's is made from."""

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
    "1": Mode("gray", "L", "u1", "stays black and white; one colour is the commoner of the two"),
    "L": Mode("gray", "L", "u1", "grey levels"),
    "LA": Mode("gray+alpha", "LA", "<u2", "premultiplied grey and alpha"),
    "P": Mode("index", "P", "u1", "palette entries, weighted by use; indices and their order stay"),
    "RGB": Mode("rgb", "RGBX", "<u4", "R, G, B"),
    "RGBX": Mode("rgb", "RGBX", "<u4", "R, G, B; the padding becomes 255"),
    "RGBA": Mode("rgba", "RGBA", "<u4", "premultiplied R, G, B and alpha"),
    "CMYK": Mode("inks", "CMYK", "<u4", "the four inks"),
    "YCbCr": Mode("channels", "YCbCrX", "<u4", "Y, Cb, Cr"),
    "LAB": Mode("channels", "RGBX", "<u4", "L*, a*, b*"),
    "I;16": Mode("deep", "I;16", "<u2", _DEEP),
    "I;16L": Mode("deep", "I;16L", "<u2", _DEEP),
    "I;16B": Mode("deep", "I;16B", ">u2", _DEEP),
    "I;16N": Mode("deep", "I;16N", "=u2", _DEEP),
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
