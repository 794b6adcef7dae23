"""Checks that all pixels of a TIFF page are present when libtiff would silently fill missing ones.

It does so for JPEG and for fax compression (ITU-T T.4 and T.6). The check decodes the page a second time with
further rows appended to its data: missing pixels then change, and a complete picture stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PIL import Image

from kquant_hooks.documents.codecs.jpeg import with_padding
from kquant_hooks.documents.codecs.tiffpages import COMPRESSION, single_page
from kquant_hooks.documents.codecs.tifftags import Tag, integer_in
from kquant_hooks.documents.opening import decode
from kquant_hooks.images.pixels import same_pixels

_MODIFIED_HUFFMAN, _GROUP_3, _GROUP_4, _JPEG = 2, 3, 4, 7
_FAX_COMPRESSIONS = (_MODIFIED_HUFFMAN, _GROUP_3, _GROUP_4)
_FILL_ORDER, _LOW_BIT_FIRST = 266, 2
_GROUP_3_OPTIONS = 292
_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# End-of-line codes, several of which end a picture: of one-dimensional data, and of two-dimensional data
# before a row that is coded in one dimension.
_EOL, _EOL_1D = "000000000001", "0000000000011"
# Codes for a row of alternating black and white pixels, after no white ones; in two dimensions each pair
# needs a prefix.
_ROW_1D = "00110101" + 16 * "010000111"
_ROW_2D = "00100110101010" + 16 * "001000111010"
_MAX_END_SIZE = 16


def check_complete(
    image: Image.Image, data: bytes, max_pixels: int | None, tags: Sequence[Tag], order: str
) -> None:
    """ValueError if a page's pixels end before the last row."""
    alter = _extender(tags, order)
    if alter and not same_pixels(image, decode(single_page(data, tags, order, alter), max_pixels)):
        raise ValueError("cannot be decoded: its pixels end before the last row")


def _extender(tags: Sequence[Tag], order: str) -> Callable[[bytes], bytes] | None:
    """A function that appends rows to a strip or tile; None if libtiff detects missing pixels itself."""
    compression = integer_in(tags, COMPRESSION, order, 1)
    if compression == _JPEG:
        return with_padding
    if compression not in _FAX_COMPRESSIONS:
        return None
    is_2d = integer_in(tags, _GROUP_3_OPTIONS, order, 0) & 1
    rows = {
        _MODIFIED_HUFFMAN: _ROW_1D,
        _GROUP_3: 4 * ((_EOL_1D if is_2d else _EOL) + _ROW_1D),
        _GROUP_4: _ROW_2D,
    }
    extended = partial(_extended, rows=rows[compression], has_eol=compression != _MODIFIED_HUFFMAN)
    if integer_in(tags, _FILL_ORDER, order, 1) == _LOW_BIT_FIRST:
        return lambda block: extended(block.translate(_REVERSED_BYTES)).translate(_REVERSED_BYTES)
    return extended


def _extended(block: bytes, rows: str, *, has_eol: bool) -> bytes:
    """The codes of a strip or tile, with further rows instead of the end-of-line codes at its end."""
    start = max(0, len(block) - _MAX_END_SIZE)
    bits = "".join(f"{byte:08b}" for byte in block[start:])
    if has_eol:
        bits = bits.rstrip("0")
        while end := next((end for end in (_EOL, _EOL_1D) if bits.endswith(end)), ""):
            bits = bits.removesuffix(end)
    bits += rows
    bits += "0" * (-len(bits) % 8)
    return block[:start] + int(bits, 2).to_bytes(len(bits) // 8, "big")
