"""Whether all pixels of a TIFF's page are there, where the library that decodes them fills what is missing.

It does so for JPEG and for the codes of fax machines (ITU-T T.4 and T.6), and says nothing. With further rows
behind these, what is missing becomes something else, and what is whole stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image

from kquant_hooks.documents.codecs.jpeg import with_padding
from kquant_hooks.documents.codecs.tiffpages import COMPRESSION, page_alone
from kquant_hooks.documents.codecs.tifftags import Tag, number_in
from kquant_hooks.documents.opening import decode
from kquant_hooks.images.pixels import same_pixels

_RUNS, _GROUP_3, _GROUP_4, _JPEG = 2, 3, 4, 7
_FAX = (_RUNS, _GROUP_3, _GROUP_4)
_FILL_ORDER, _FROM_THE_RIGHT = 266, 2
_GROUP_3_OPTIONS = 292
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# Ends of rows, several of which end a picture, in one dimension and in two.
_END, _END_BEFORE_RUNS = "000000000001", "0000000000011"
# No white pixel, then one black and one white in turn; each pair of these after what announces it.
_ROW = "00110101" + 16 * "010000111"
_ROW_IN_TWO_DIMENSIONS = "00100110101010" + 16 * "001000111010"
_LONGEST_END = 16


def check_whole(
    image: Image.Image, data: bytes, max_pixels: int | None, tags: Sequence[Tag], order: str
) -> None:
    """ValueError where a page's pixels end before the last row."""
    alter = _alteration(tags, order)
    if alter and not same_pixels(image, decode(page_alone(data, tags, order, alter), max_pixels)):
        raise ValueError("cannot be decoded: its pixels end before the last row")


def _alteration(tags: Sequence[Tag], order: str) -> Callable[[bytes], bytes] | None:
    """What makes a strip or tile go on behind its end; None where the library sees that it ends too soon."""
    compression = number_in(tags, COMPRESSION, order, 1)
    if compression == _JPEG:
        return with_padding
    if compression not in _FAX:
        return None
    in_two_dimensions = number_in(tags, _GROUP_3_OPTIONS, order, 0) & 1
    rows = {
        _RUNS: _ROW,
        _GROUP_3: 4 * ((_END_BEFORE_RUNS if in_two_dimensions else _END) + _ROW),
        _GROUP_4: _ROW_IN_TWO_DIMENSIONS,
    }
    going_on = partial(_going_on, rows=rows[compression], has_end=compression != _RUNS)
    if number_in(tags, _FILL_ORDER, order, 1) == _FROM_THE_RIGHT:
        return lambda block: going_on(block.translate(_REVERSED)).translate(_REVERSED)
    return going_on


def _going_on(block: bytes, rows: str, *, has_end: bool) -> bytes:
    """Codes with those of further rows in place of those that end the picture."""
    start = max(0, len(block) - _LONGEST_END)
    bits = "".join(f"{byte:08b}" for byte in block[start:])
    if has_end:
        bits = bits.rstrip("0")
        while end := next((end for end in (_END, _END_BEFORE_RUNS) if bits.endswith(end)), ""):
            bits = bits.removesuffix(end)
    bits += rows
    bits += "0" * (-len(bits) % 8)
    return block[:start] + int(bits, 2).to_bytes(len(bits) // 8, "big")
