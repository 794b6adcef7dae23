"""TIFFs made tag by tag, in strips or tiles, without the package and without Pillow."""

from __future__ import annotations

import struct

Tags = dict[int, tuple[int, list[int] | bytes]]
_LETTERS = {3: "H", 4: "I"}
_TILE_WIDTH = 322


def page(size: tuple[int, int], tags: Tags | None = None, *, bits: int = 8, photometric: int = 1) -> Tags:
    numbers = {256: size[0], 257: size[1], 258: bits, 259: 1, 262: photometric, 277: 1, 278: size[1]}
    return {number: (3, [value]) for number, value in numbers.items()} | (tags or {})


def text(content: str) -> tuple[int, bytes]:
    return 2, content.encode() + b"\0"


def tiff_of(
    *pages: tuple[Tags, list[bytes]], order: str = "<", in_front: bool = False, ghost: bytes = b""
) -> bytes:
    """Pages with their strips or, by their tags, tiles; directories in front of the pixels or behind them."""
    all_tags = []
    for tags, blocks in pages:
        offsets_tag, lengths_tag = (324, 325) if _TILE_WIDTH in tags else (273, 279)
        all_tags.append(
            tags | {offsets_tag: (4, [0] * len(blocks)), lengths_tag: (4, [len(b) for b in blocks])}
        )
    length = len(_directories(all_tags, 0, order))
    base = 8 + len(ghost)
    offset = start = base + length if in_front else base
    pixels = b"".join(block for _, blocks in pages for block in blocks)
    for tags, (_, blocks) in zip(all_tags, pages, strict=True):
        offsets_tag = 324 if _TILE_WIDTH in tags else 273
        tags[offsets_tag] = (4, [offset + sum(map(len, blocks[:number])) for number in range(len(blocks))])
        offset += sum(map(len, blocks))
    first = base if in_front else start + len(pixels)
    directories = _directories(all_tags, first, order)
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, first) + ghost
    return head + (directories + pixels if in_front else pixels + directories)


def _directories(pages: list[Tags], offset: int, order: str) -> bytes:
    out = b""
    for number, tags in enumerate(pages):
        entries, values = b"", b""
        behind = offset + len(out) + 2 + 12 * len(tags) + 4
        for tag, (kind, content) in sorted(tags.items()):
            count = len(content)
            if not isinstance(content, bytes):
                content = struct.pack(f"{order}{count}{_LETTERS[kind]}", *content)
            if len(content) > 4:
                values += content + b"\0" * (len(content) % 2)
                content = struct.pack(order + "I", behind + len(values) - len(content) - len(content) % 2)
            entries += struct.pack(order + "HHI", tag, kind, count) + content.ljust(4, b"\0")
        following = 0 if number == len(pages) - 1 else behind + len(values)
        out += struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following) + values
    return out


def tiles_of(rows: list[bytes], tile: tuple[int, int], filling: int = 0) -> list[bytes]:
    """Tiles of a picture of one byte a pixel."""
    width, length = tile
    across, down = -(-len(rows[0]) // width), -(-len(rows) // length)
    filled = [row.ljust(across * width, bytes([filling])) for row in rows]
    filled += [bytes([filling]) * (across * width)] * (down * length - len(rows))
    return [
        b"".join(row[left : left + width] for row in filled[top : top + length])
        for top in range(0, down * length, length)
        for left in range(0, across * width, width)
    ]
