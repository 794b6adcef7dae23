"""GIF, still and animated: taken apart and put together block by block.

Every block that is not pixels is carried over as it is and where it is: comments, loops, profiles, delays and
disposals. The format: CompuServe, *Graphics Interchange Format, Version 89a*, 1990.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from PIL import Image

from kquant_hooks.documents.document import Dispose, Document, Encoding, Frame, Kind, Metadata, Unsupported
from kquant_hooks.documents.opening import decode
from kquant_hooks.images.pixels import nearest_entry
from kquant_hooks.options.limits import check_frames, larger

_SCREEN = struct.Struct("<HHBBB")
_BOX = struct.Struct("<HHHHB")
_CONTROL = b"\x21\xf9\x04"
_ICC = b"\x21\xff\x0bICCRGBG1012"
_COMMENT = b"\x21\xfe"
_PLAIN_TEXT = b"\x21\x01\x0c"
_XMP = b"\x21\xff\x0bXMP DataXMP"
_LOOPS = (b"\x21\xff\x0bNETSCAPE2.0", b"\x21\xff\x0bANIMEXTS1.0")
# XMP is not in sub-blocks: these bytes lead out of it from wherever a reader of sub-blocks enters them.
_XMP_TRAILER = bytes([1, *range(255, -1, -1), 0])
_HAS_TABLE = 0x80
# Compressed: a pixel of index 0.
_ONE_PIXEL = b"\x02\x02\x44\x01\0"
_DISPOSES: dict[int, Dispose] = {2: "background", 3: "previous"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """One stored picture: its control block, if it has one, its box, colours and compressed pixels."""

    controlled: bool
    flags: int
    delay: int
    transparent: int
    box: tuple[int, int, int, int]
    interlaced: bool
    table: bytes
    pixels: bytes


@dataclass(frozen=True, slots=True)
class _Parts:
    """The screen's background, aspect and colours, the blocks in order, and what follows the end."""

    background: bytes | None
    aspect: int
    blocks: tuple[bytes | _Picture, ...]
    tail: bytes = b""
    table: bytes = b""


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a GIF apart."""
    try:
        size, parts = _parse(data)
    except (IndexError, struct.error) as error:
        raise ValueError("cannot be decoded: the file is cut off") from error
    pictures = [block for block in parts.blocks if isinstance(block, _Picture)]
    if not pictures:
        raise ValueError("cannot be decoded: it has no picture")
    if not all(all(picture.box[2:]) for picture in pictures):
        raise ValueError("cannot be decoded: one of its pictures has no pixels")
    # The first picture may enlarge the screen, as in browsers; later ones are cut off at its edges.
    left, top, width, height = pictures[0].box
    size = (max(size[0], left + width), max(size[1], top + height))
    # Those that reach beyond the screen are decoded before they are cut off.
    check_frames((larger(size, picture.box[2:]) for picture in pictures), max_pixels)
    parts = replace(parts, blocks=tuple(_seen_on(size, block) for block in parts.blocks))
    pictures = [block for block in parts.blocks if isinstance(block, _Picture)]
    frames = tuple(_frame(picture, size, max_pixels) for picture in pictures)
    covers = frames[0].left == frames[0].top == 0 and pictures[0].box[2:] == size
    kind: Kind = "still" if len(frames) == 1 and covers else "animation"
    texts = [text.decode("utf-8", "replace") for text in _joined(parts, _COMMENT) if text]
    icc = next(iter(_joined(parts, _ICC)), None)
    metadata = Metadata(icc=icc, xmp=_xmp(parts), comment="\n".join(texts) or None)
    return Document("GIF", size, frames, kind, _loop(parts), metadata, parts)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a GIF together from a document of any format and its frames' new pixels, in one palette."""
    parts = document.parts if document.format == "GIF" else _made_of(document)
    pictures = iter(zip(document.frames, images, strict=True))
    head = levels = b""
    out = []
    for block in parts.blocks:
        if isinstance(block, bytes):
            if not (encoding.strip and _is_description(block)):
                out.append(block)
            continue
        frame, image = next(pictures)
        levels, transparent = _palette_of(image)
        if not head:
            head = _head(document.size, parts, levels, transparent)
        clear = transparent is not None and bool(block.flags & 1 or document.format != "GIF")
        if block.controlled or clear:
            flags = block.flags & ~1 | clear
            out.append(_CONTROL + struct.pack("<BHBB", flags, block.delay, transparent or 0, 0))
        out.append(b"," + _BOX.pack(frame.left, frame.top, *image.size, 0) + _compressed(image))
    return b"".join([head, *(_recolored(block, parts.table, levels) for block in out), b";", parts.tail])


def _palette_of(image: Image.Image) -> tuple[bytes, int | None]:
    """R, G, B levels of an indexed image, and its fully transparent index."""
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        if set(transparency) - {0, 255}:
            raise Unsupported(
                "GIF cannot hold translucent colours; give another format, such as PNG, or --alpha hard"
            )
        if transparency.count(0) > 1:
            raise Unsupported(
                "GIF cannot hold several transparent colours; give another format, such as PNG, or leave out "
                "--keep-hidden-rgb"
            )
        transparency = transparency.index(0) if 0 in transparency else None
    return bytes(image.getpalette() or ()), transparency


def _parse(data: bytes) -> tuple[tuple[int, int], _Parts]:
    width, height, flags, background, aspect = _SCREEN.unpack_from(data, 6)
    place = 6 + _SCREEN.size
    shared = b""
    if flags & _HAS_TABLE:
        shared = data[place : place + (6 << (flags & 7))]
        place += len(shared)
    blocks: list[bytes | _Picture] = []
    control = (False, 0, 0, 0)
    while place < len(data) and data[place : place + 1] != b";":
        start = place
        kind = data[place]
        if kind == 0x21:
            place = _end_of_blocks(data, place + 2)
            if data[start + 1] == 0xF9:
                if data[start + 2] >= 4:
                    control = (True, *struct.unpack_from("<BHB", data, start + 3))
            elif data[start + 2]:
                # Pillow goes astray at extensions that hold nothing.
                blocks.append(data[start:place])
        elif kind == 0x2C:
            left, top, w, h, local = _BOX.unpack_from(data, place + 1)
            place += 1 + _BOX.size
            table = shared
            if local & _HAS_TABLE:
                table = data[place : place + (6 << (local & 7))]
                place += len(table)
            end = _end_of_blocks(data, place + 1)
            blocks.append(_Picture(*control, (left, top, w, h), bool(local & 0x40), table, data[place:end]))
            place = end
            control = (False, 0, 0, 0)
        else:
            # Some writers leave stray bytes between blocks; viewers pass over them.
            place += 1
    if place >= len(data) and (control[0] or sum(isinstance(block, _Picture) for block in blocks) > 1):
        # A single picture may be all that was written.
        raise IndexError("the file has no end")
    color = shared[3 * background : 3 * background + 3] or None
    return (width, height), _Parts(color, aspect, tuple(blocks), data[place + 1 :], shared)


def _end_of_blocks(data: bytes, place: int) -> int:
    """Where a chain of sub-blocks ends; IndexError if the file does so before."""
    while length := data[place]:
        place += 1 + length
    return place + 1


def _seen_on(size: tuple[int, int], block: bytes | _Picture) -> bytes | _Picture:
    """The block, or one clear pixel of the same duration for a picture that lies outside of the screen."""
    if isinstance(block, bytes) or (block.box[0] < size[0] and block.box[1] < size[1]):
        return block
    return _Picture(block.controlled, 1, block.delay, 0, (0, 0, 1, 1), False, bytes(6), _ONE_PIXEL)


def _frame(picture: _Picture, size: tuple[int, int], max_pixels: int | None) -> Frame:
    left, top, width, height = picture.box
    seen = (0, 0, min(width, size[0] - left), min(height, size[1] - top))
    table = picture.table
    flags = _HAS_TABLE | (len(table) // 6).bit_length() - 1 if table else 0
    single = b"".join(
        [
            b"GIF89a",
            _SCREEN.pack(width, height, flags, 0, 0),
            table,
            _CONTROL + struct.pack("<BHBB", picture.flags & 1, 0, picture.transparent, 0),
            b"," + _BOX.pack(0, 0, width, height, 0x40 if picture.interlaced else 0),
            picture.pixels,
            b";",
        ]
    )

    def load() -> Image.Image:
        image = decode(single, max_pixels)
        return image if seen == (0, 0, width, height) else image.crop(seen)

    dispose = _DISPOSES.get(picture.flags >> 2 & 7, "none")
    return Frame(load, left, top, 10 * picture.delay, dispose, blend=True)


def _head(size: tuple[int, int], parts: _Parts, levels: bytes, transparent: int | None) -> bytes:
    """Signature, screen descriptor and the one table of colours, which has a power of two of them."""
    bits = max(1, (len(levels) // 3 - 1).bit_length())
    background = transparent or 0
    if parts.background and transparent is None:
        background = nearest_entry(levels, parts.background)
    screen = _SCREEN.pack(*size, _HAS_TABLE | 0x70 | bits - 1, background, parts.aspect)
    return b"GIF89a" + screen + levels.ljust(3 << bits, b"\0")


def _recolored(block: bytes, table: bytes, levels: bytes) -> bytes:
    """A block of plain text with its two colours, which are indices, in the new table; any other as it is."""
    if not block.startswith(_PLAIN_TEXT) or len(block) < 15:
        return block
    colors = (table[3 * index : 3 * index + 3] or bytes(3) for index in block[13:15])
    return block[:13] + bytes(nearest_entry(levels, color) for color in colors) + block[15:]


def _compressed(image: Image.Image) -> bytes:
    """The pixels as Pillow compresses them; as grey levels, so that it leaves the indices alone."""
    buffer = io.BytesIO()
    Image.frombytes("L", image.size, image.tobytes()).save(buffer, "GIF", optimize=False, interlace=False)
    _, parts = _parse(buffer.getvalue())
    return next(block.pixels for block in parts.blocks if isinstance(block, _Picture))


def _made_of(document: Document) -> _Parts:
    """Blocks for what another format said."""
    metadata = document.metadata
    blocks: list[bytes | _Picture] = []
    if document.kind == "animation":
        loop = document.loop or 0
        if loop != 1:
            repeats = struct.pack("<BH", 1, min(max(loop - 1, 0), 65535))
            blocks.append(_LOOPS[0] + _in_blocks(repeats))
    blocks += _application_blocks(metadata)
    for frame in document.frames:
        flags = {"none": 1, "background": 2, "previous": 3}[frame.dispose] << 2
        delay = min(round(frame.milliseconds / 10), 65535)
        blocks.append(_Picture(document.kind == "animation", flags, delay, 0, (0, 0, 0, 0), False, b"", b""))
    return _Parts(None, 0, tuple(blocks))


def _application_blocks(metadata: Metadata) -> list[bytes]:
    blocks = []
    if metadata.icc:
        blocks.append(_ICC + _in_blocks(metadata.icc))
    # In UTF-16 it has zeros, which would end it.
    if metadata.xmp and b"\0" not in metadata.xmp:
        blocks.append(_XMP + metadata.xmp + _XMP_TRAILER)
    if metadata.comment:
        blocks.append(_COMMENT + _in_blocks(metadata.comment.encode("utf-8")))
    return blocks


def _joined(parts: _Parts, head: bytes) -> Iterator[bytes]:
    """The sub-blocks of each extension that begins so, put together."""
    for block in parts.blocks:
        if isinstance(block, bytes) and block.startswith(head):
            place, content = len(head), bytearray()
            while place < len(block) and block[place]:
                content += block[place + 1 : place + 1 + block[place]]
                place += 1 + block[place]
            yield bytes(content)


def _loop(parts: _Parts) -> int:
    """How often the animation is played: GIF counts repetitions after the first showing."""
    loop = 1
    for content in (content for head in _LOOPS for content in _joined(parts, head)):
        if content[:1] == b"\x01" and len(content) >= 3:
            repeats = int.from_bytes(content[1:3], "little")
            loop = repeats + 1 if repeats else 0
    return loop


def _xmp(parts: _Parts) -> bytes | None:
    for block in parts.blocks:
        if isinstance(block, bytes) and block.startswith(_XMP):
            return block[len(_XMP) : -len(_XMP_TRAILER)] or None
    return None


def _in_blocks(content: bytes) -> bytes:
    parts = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def _is_description(block: bytes) -> bool:
    return block.startswith((_COMMENT, _XMP))
