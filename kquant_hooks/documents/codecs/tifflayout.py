"""Writes a TIFF's directories: each after the pixels of its page, or all of them before any pixels."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kquant_hooks.documents.codecs.tifftags import LONG, Directories, Tag, append_directory, file_header
from kquant_hooks.documents.document import Unsupported

_TILE_OFFSETS = 324


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """An encoded page.

    Attributes
    ----------
    tags : sequence of Tag
        All of its tags except the one with the offsets of its blocks.
    blocks : sequence of bytes
        Its strips or tiles.
    offsets_tag : int
        The number of the tag for their offsets.
    """

    tags: Sequence[Tag]
    blocks: Sequence[bytes]
    offsets_tag: int


def has_directories_first(parts: Directories) -> bool:
    """Whether a tiled file has all directories before the first pixel, like cloud-optimized GeoTIFFs."""
    tags = [tag for page in parts.pages for tag in page]
    offsets = [offset for tag in tags if tag.number == _TILE_OFFSETS for offset in tag.integers(parts.order)]
    return bool(offsets) and min(offsets) > max(tag.entry for tag in tags)


def joined(pages: Sequence[Page], order: str, *, directories_first: bool) -> bytes:
    """A file with these pages; if the directories come first, the pixels of the last page follow them."""
    out = bytearray(file_header(order))
    link = 4
    if directories_first:
        # The length of the directories does not depend on the offsets in them.
        start = len(out)
        for page in pages:
            link = _append_directory(out, link, page, [0] * len(page.blocks), order)
        pixels = bytearray(len(out))
        offsets = [_append_blocks(pixels, page) for page in reversed(pages)]
        del out[start:]
        link = 4
        for page, found in zip(pages, reversed(offsets), strict=True):
            link = _append_directory(out, link, page, found, order)
        out += pixels[len(out) :]
    else:
        for page in pages:
            link = _append_directory(out, link, page, _append_blocks(out, page), order)
    if len(out) >= 1 << 32:
        raise Unsupported("it would be larger than 4 GiB, the limit of TIFF")
    return bytes(out)


def _append_blocks(out: bytearray, page: Page) -> list[int]:
    """Append a page's strips or tiles to ``out``; returns their offsets."""
    offsets = []
    for block in page.blocks:
        offsets.append(len(out))
        out += block + b"\0" * (len(block) % 2)
    return offsets


def _append_directory(out: bytearray, link: int, page: Page, offsets: Sequence[int], order: str) -> int:
    """Append a page's directory to ``out``, and write its offset at ``link``."""
    try:
        found = Tag(page.offsets_tag, LONG, struct.pack(f"{order}{len(offsets)}I", *offsets))
        struct.pack_into(f"{order}I", out, link, len(out))
    except struct.error as error:
        raise Unsupported("it would be larger than 4 GiB, the limit of TIFF") from error
    return append_directory(out, [*page.tags, found], order)
