"""Handles TIFF tags that describe pixel values, which become indices: converts, drops or refuses them.

A nodata value of GDAL becomes an index that only the pixels without data have. See GDAL, *GeoTIFF File
Format*, 2024; ImageJ's ``TiffDecoder``; The Open Microscopy Environment, *OME-TIFF specification*.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from PIL import Image

from kquant_hooks.documents.codecs.tifftags import Tag, integer_in
from kquant_hooks.documents.document import Unsupported

_DESCRIPTION, _GDAL_METADATA, _GDAL_NODATA = 270, 42112, 42113
_IMAGEJ_SIZES, _IMAGEJ_METADATA = 50838, 50839
_WHITE_IS_ZERO, _PALETTE, _PHOTOMETRIC, _BITS, _COLORMAP = 0, 3, 262, 258, 320
_MAX_ENTRIES = 256
# Private tags of programs, and their content.
_PRIVATE_TAGS = {
    33628: "MetaMorph data",
    33629: "MetaMorph data",
    34361: "FluoView data",
    34412: "Zeiss LSM data",
    37724: "Photoshop layers",
    43314: "NIH Image data",
    50706: "DNG data",
}
# In files from elsewhere, programs would misread these tags as descriptions of the pixel values.
PIXEL_VALUE_TAGS = {_GDAL_METADATA, _GDAL_NODATA, _IMAGEJ_SIZES, _IMAGEJ_METADATA, *_PRIVATE_TAGS}


def pixel_value_content(tag: Tag) -> str | None:
    """The name of a tag's content if it describes pixel values and cannot be converted; None otherwise."""
    content = tag.content
    if tag.number == _DESCRIPTION and b"<OME" in content:
        return "OME-XML"
    if tag.number == _IMAGEJ_METADATA and (b"luts" in content[:256] or b"rang" in content[:256]):
        return "ImageJ lookup table"
    if tag.number == _GDAL_METADATA and b'"NODATA_VALUES"' in content:
        return "NODATA_VALUES"
    return _PRIVATE_TAGS.get(tag.number)


def tags_for_indices(tags: Iterable[Tag], transparent_index: int | None) -> list[Tag]:
    """The tags, converted for a picture of indices.

    ``transparent_index`` is the index of the pixels without data, if there are any.
    """
    kept = []
    for tag in tags:
        content = tag.content
        if tag.number == _GDAL_METADATA:
            content = _metadata_without_bands(content)
        elif tag.number == _DESCRIPTION:
            content = _description_without_values(content)
        elif tag.number == _GDAL_NODATA:
            value = _parsed_integer(content)
            if transparent_index is not None:
                content = b"%d\0" % transparent_index
            elif value is not None and 0 <= value < _MAX_ENTRIES:
                # Other pixels have this index now.
                content = b""
        if content:
            kept.append(replace(tag, content=content))
    return kept


def with_nodata(image: Image.Image, tags: Sequence[Tag], order: str) -> Image.Image:
    """The page's picture, with pixels without data made transparent."""
    value = next((_parsed_integer(tag.content) for tag in tags if tag.number == _GDAL_NODATA), None)
    bits = integer_in(tags, _BITS, order, 1)
    if value is None or not 0 <= value < 1 << bits or image.mode in ("F", "I"):
        return image
    if image.mode == "P":
        image.info["transparency"] = value
        return image
    if image.mode not in ("1", "L", "RGB") and not image.mode.startswith("I;16"):
        raise Unsupported(f"its nodata value cannot be kept for {image.mode} pixels")
    if image.mode == "RGB" and bits != 8:
        raise Unsupported("its nodata value has 16 bits, of which Pillow reads only 8")
    largest = (1 << bits) - 1
    if integer_in(tags, _PHOTOMETRIC, order, _WHITE_IS_ZERO) == _WHITE_IS_ZERO:
        value = largest - value
    if image.mode == "1":
        image = image.convert("L")
    level = value * (65535 if image.mode.startswith("I") else 255) // largest
    image.info["transparency"] = (level,) * 3 if image.mode == "RGB" else level
    return image


def nodata_index(image: Image.Image, tags: Iterable[Tag]) -> int | None:
    """The index of the pixels without data, if the page has any and no other index is transparent."""
    if image.mode != "P" or not any(tag.number == _GDAL_NODATA for tag in tags):
        return None
    transparent_index = image.info.get("transparency")
    if isinstance(transparent_index, bytes):
        return (
            transparent_index.index(0)
            if set(transparent_index) <= {0, 255} and transparent_index.count(0) == 1
            else None
        )
    return transparent_index


def with_nodata_color(
    image: Image.Image, transparent_index: int, tags: Sequence[Tag], order: str
) -> Image.Image:
    """An opaque copy, in which pixels without data have the colour in which other viewers display them."""
    levels = image.getpalette() or []
    levels[3 * transparent_index : 3 * transparent_index + 3] = _nodata_color(tags, order)
    result = image.copy()
    result.putpalette(levels)
    del result.info["transparency"]
    return result


def _nodata_color(tags: Sequence[Tag], order: str) -> list[int]:
    """R, G, B of the pixels without data."""
    value = next((_parsed_integer(tag.content) for tag in tags if tag.number == _GDAL_NODATA), None) or 0
    bits = integer_in(tags, _BITS, order, 1)
    photometric = integer_in(tags, _PHOTOMETRIC, order, _WHITE_IS_ZERO)
    if photometric == _PALETTE:
        levels = next((tag.integers(order) for tag in tags if tag.number == _COLORMAP), ())
        return [level >> 8 for level in levels[value :: 1 << bits]][:3]
    level = min(value, (1 << bits) - 1) * 255 // ((1 << bits) - 1)
    return 3 * [255 - level if photometric == _WHITE_IS_ZERO else level]


def _description_without_values(content: bytes) -> bytes:
    """A description without data on pixel values: ImageJ's display range, tifffile's shape."""
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


def _parsed_integer(content: bytes) -> int | None:
    """The integer in a nodata tag; None for any other value, which none of the pixels read here can have."""
    try:
        value = float(content.rstrip(b"\0 "))
        return int(value) if value == int(value) else None
    except (ValueError, OverflowError):
        return None


def _metadata_without_bands(content: bytes) -> bytes:
    """GDAL's XML without statistics and without the units, scales and roles of bands."""
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
