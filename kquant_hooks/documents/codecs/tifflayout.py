"""Where a TIFF's directories lie: each behind its page's pixels, or all of them in front."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kquant_hooks.documents.codecs.tifftags import LONG, Directories, Tag, append_directory, header_of
from kquant_hooks.documents.document import Unsupported

_TILE_OFFSETS = 324


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Its tags, its strips or tiles, and the number of the tag that is to say where these are."""

    tags: Sequence[Tag]
    blocks: Sequence[bytes]
    number: int


def has_directories_first(parts: Directories) -> bool:
    """Whether a tiled file says where everything is before the first pixel, as those for the cloud do."""
    tags = [tag for page in parts.pages for tag in page]
    places = [place for tag in tags if tag.number == _TILE_OFFSETS for place in tag.numbers(parts.order)]
    return bool(places) and min(places) > max(tag.entry for tag in tags)


def joined(pages: Sequence[Page], order: str, *, directories_first: bool) -> bytes:
    """A file of these pages; where its directories are in front, the pixels of the last page follow them."""
    out = bytearray(header_of(order))
    link = 4
    if directories_first:
        # Their length does not depend on the places that stand in them.
        start = len(out)
        for page in pages:
            link = _append_directory(out, link, page, [0] * len(page.blocks), order)
        pixels = bytearray(len(out))
        places = [_append_blocks(pixels, page) for page in reversed(pages)]
        del out[start:]
        link = 4
        for page, found in zip(pages, reversed(places), strict=True):
            link = _append_directory(out, link, page, found, order)
        out += pixels[len(out) :]
    else:
        for page in pages:
            link = _append_directory(out, link, page, _append_blocks(out, page), order)
    if len(out) >= 1 << 32:
        raise Unsupported("it would be larger than the 4 GiB that a TIFF can be")
    return bytes(out)


def _append_blocks(out: bytearray, page: Page) -> list[int]:
    """Write a page's pixels behind what there is; returns the places of its blocks."""
    places = []
    for block in page.blocks:
        places.append(len(out))
        out += block + b"\0" * (len(block) % 2)
    return places


def _append_directory(out: bytearray, link: int, page: Page, places: Sequence[int], order: str) -> int:
    """Write a page's directory behind what there is, and its place where ``link`` says."""
    try:
        found = Tag(page.number, LONG, struct.pack(f"{order}{len(places)}I", *places))
        struct.pack_into(f"{order}I", out, link, len(out))
    except struct.error as error:
        raise Unsupported("it would be larger than the 4 GiB that a TIFF can be") from error
    return append_directory(out, [*page.tags, found], order)
