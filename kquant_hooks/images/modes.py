"""What each of Pillow's modes means to the quantizer: the one table, from which the README's is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode that is quantized as it is.

    Attributes
    ----------
    content : str
        What one pixel is: a ``grey`` level, ``grey+alpha``, an ``index``, ``rgb``, ``rgba``, four ``inks``,
        three ``channels`` of another colour space, or a ``deep`` grey level of 16 bits.
    raw : str
        Pillow's raw mode in which a pixel is one unsigned integer.
    dtype : str
        NumPy's name for that integer.
    note : str
        What happens, for the README.
    """

    content: Literal["grey", "grey+alpha", "index", "rgb", "rgba", "inks", "channels", "deep"]
    raw: str
    dtype: str
    note: str

    @property
    def bits(self) -> int:
        """Width of a pixel's code: what is read beyond it is padding."""
        return 24 if self.content in ("rgb", "channels") else 8 * int(self.dtype[-1])

    @property
    def grey(self) -> bool:
        """Whether it has one level a pixel, and no colours."""
        return self.content in ("grey", "grey+alpha", "deep")

    @property
    def indexable(self) -> bool:
        """Whether its colours can be put in a palette of R, G, B, A; 16-bit levels as 8-bit ones."""
        return self.content not in ("inks", "channels")


_DEEP = "clustered on its 65 536 levels"

MODES = {
    "1": Mode("grey", "L", "u1", "stays black and white; one colour is the commoner of the two"),
    "L": Mode("grey", "L", "u1", "grey levels"),
    "LA": Mode("grey+alpha", "LA", "<u2", "premultiplied grey and alpha"),
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

# Modes that are refused, with the mode to convert to: distances between their pixels mean nothing (HSV's
# hue is an angle), they are unbounded (F, I), or no file holds them (premultiplied and PA).
CONVERSIONS = {
    "F": "L",
    "HSV": "RGB",
    "I": "I;16",
    "La": "LA",
    "PA": "RGBA",
    "RGBa": "RGBA",
}


def mode_of(name: str) -> Mode:
    """The entry for a mode, or ValueError with the conversion to call."""
    if name in MODES:
        return MODES[name]
    target = CONVERSIONS.get(name, "RGB")
    raise ValueError(f"cannot quantize mode {name!r} images; convert to {target!r} first")
