"""TIFF tags that speak of pixel values, which become indices: put right, left out, or a reason to refuse.

Of GDAL's tags a nodata value becomes an index that only the pixels without data have. See GDAL, *GeoTIFF File
Format*, 2024; ImageJ's ``TiffDecoder``; The Open Microscopy Environment, *OME-TIFF specification*.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from PIL import Image

from kquant_hooks.documents.codecs.tifftags import Tag, number_in
from kquant_hooks.documents.document import Unsupported

_DESCRIPTION, _GDAL, _NODATA, _IMAGEJ = 270, 42112, 42113, 50839
_WHITE_IS_ZERO, _PALETTE, _PHOTOMETRIC, _BITS, _COLORMAP = 0, 3, 262, 258, 320
_MOST_ENTRIES = 256
# Of programs, and what these have there.
_OF_PROGRAMS = {
    33628: "MetaMorph data",
    33629: "MetaMorph data",
    34361: "FluoView data",
    34412: "Zeiss LSM data",
    37724: "Photoshop layers",
    43314: "NIH Image data",
    50706: "DNG data",
}
# What programs that know none of this would take for values of their own.
VALUE_TAGS = {_GDAL, _NODATA, 50838, _IMAGEJ, *_OF_PROGRAMS}


def values_of(tag: Tag) -> str | None:
    """What a tag has that only the page's own pixel values make true, and that cannot be put right."""
    content = tag.content
    if tag.number == _DESCRIPTION and b"<OME" in content:
        return "OME-XML"
    if tag.number == _IMAGEJ and (b"luts" in content[:256] or b"rang" in content[:256]):
        return "ImageJ tables of colours"
    if tag.number == _GDAL and b'"NODATA_VALUES"' in content:
        return "NODATA_VALUES"
    return _OF_PROGRAMS.get(tag.number)


def true_of_indices(tags: Iterable[Tag], clear: int | None) -> list[Tag]:
    """Tags without what is no longer true; ``clear`` is the index of pixels without data, if any are."""
    kept = []
    for tag in tags:
        content = tag.content
        if tag.number == _GDAL:
            content = _without_items(content)
        elif tag.number == _DESCRIPTION:
            content = _described(content)
        elif tag.number == _NODATA:
            value = _whole_number(content)
            if clear is not None:
                content = b"%d\0" % clear
            elif value is not None and 0 <= value < _MOST_ENTRIES:
                # Some other pixels have that index now.
                content = b""
        if content:
            kept.append(replace(tag, content=content))
    return kept


def with_nodata(image: Image.Image, tags: Sequence[Tag], order: str) -> Image.Image:
    """The page's picture, transparent where it has no data."""
    value = next((_whole_number(tag.content) for tag in tags if tag.number == _NODATA), None)
    bits = number_in(tags, _BITS, order, 1)
    if value is None or not 0 <= value < 1 << bits or image.mode in ("F", "I"):
        return image
    if image.mode == "P":
        image.info["transparency"] = value
        return image
    if image.mode not in ("1", "L", "RGB") and not image.mode.startswith("I;16"):
        raise Unsupported(f"its nodata value cannot be kept beside {image.mode} pixels")
    if image.mode == "RGB" and bits != 8:
        raise Unsupported("its nodata value has 16 bits, and Pillow reads 8 of them")
    largest = (1 << bits) - 1
    if number_in(tags, _PHOTOMETRIC, order, _WHITE_IS_ZERO) == _WHITE_IS_ZERO:
        value = largest - value
    if image.mode == "1":
        image = image.convert("L")
    level = value * (65535 if image.mode.startswith("I") else 255) // largest
    image.info["transparency"] = (level,) * 3 if image.mode == "RGB" else level
    return image


def index_of_nodata(image: Image.Image, tags: Iterable[Tag]) -> int | None:
    """The index that the pixels without data have, if the page has any and nothing else is clear."""
    if image.mode != "P" or not any(tag.number == _NODATA for tag in tags):
        return None
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        return clear.index(0) if set(clear) <= {0, 255} and clear.count(0) == 1 else None
    return clear


def colored_nodata(image: Image.Image, clear: int, tags: Sequence[Tag], order: str) -> Image.Image:
    """An opaque copy, in which pixels without data have the colour that they had to viewers who show them."""
    levels = image.getpalette() or []
    levels[3 * clear : 3 * clear + 3] = _color_of_nodata(tags, order)
    result = image.copy()
    result.putpalette(levels)
    del result.info["transparency"]
    return result


def _color_of_nodata(tags: Sequence[Tag], order: str) -> list[int]:
    """R, G, B of the pixels without data."""
    value = next((_whole_number(tag.content) for tag in tags if tag.number == _NODATA), None) or 0
    bits = number_in(tags, _BITS, order, 1)
    photometric = number_in(tags, _PHOTOMETRIC, order, _WHITE_IS_ZERO)
    if photometric == _PALETTE:
        levels = next((tag.numbers(order) for tag in tags if tag.number == _COLORMAP), ())
        return [level >> 8 for level in levels[value :: 1 << bits]][:3]
    level = min(value, (1 << bits) - 1) * 255 // ((1 << bits) - 1)
    return 3 * [255 - level if photometric == _WHITE_IS_ZERO else level]


def _described(content: bytes) -> bytes:
    """A description without its lines on values: ImageJ's range of what is shown, tifffile's shape."""
    text = content.rstrip(b"\0")
    if text.startswith(b"ImageJ="):
        lines = text.split(b"\n")
        return b"\n".join(line for line in lines if not line.startswith((b"min=", b"max="))) + b"\0"
    if text.startswith(b"{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return content
        if "shape" in found:
            rest = {name: value for name, value in found.items() if name not in ("shape", "axes")}
            return json.dumps(rest).encode() + b"\0" if rest else b""
    return content


def _whole_number(content: bytes) -> int | None:
    """What GDAL's text says; None for what is no whole number, which no pixel that is read here can have."""
    try:
        value = float(content.rstrip(b"\0 "))
        return int(value) if value == int(value) else None
    except (ValueError, OverflowError):
        return None


def _without_items(content: bytes) -> bytes:
    """GDAL's XML without statistics and without what it says of bands: units, scales, roles."""
    head, *items = content.split(b"<Item")
    kept = []
    rest = b""
    for item in items:
        attributes, _, inner = item.partition(b">")
        end = item.find(b"</Item>")
        rest = item[end + len(b"</Item>") :] if end >= 0 else inner
        if not (b"sample=" in attributes or b'"STATISTICS_' in attributes):
            kept.append(b"<Item" + item.removesuffix(rest))
    return head + b"".join(kept) + rest if kept else b""
