"""Reads and writes GIF, still and animated, block by block.

All blocks other than pictures, such as comments, loops and profiles, keep their bytes and their places.
Pictures keep their delays and disposal. The format: CompuServe, *Graphics Interchange Format, Version 89a*,
1990.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import replace

from PIL import Image

from kquant_hooks.documents.codecs.gifparsing import (
    COLOR_TABLE_FLAG,
    IMAGE_DESCRIPTOR,
    INTERLACED_FLAG,
    SCREEN_DESCRIPTOR,
    Parts,
    Picture,
    Size,
    contents_of,
    parse,
    pictures_in,
    sub_blocks,
)
from kquant_hooks.documents.document import Dispose, Document, Encoding, Frame, Kind, Metadata, Unsupported
from kquant_hooks.documents.opening import decode
from kquant_hooks.images.pixels import nearest_entry
from kquant_hooks.options.limits import check_frames, larger

_GRAPHIC_CONTROL = b"\x21\xf9\x04"
_ICC_EXTENSION = b"\x21\xff\x0bICCRGBG1012"
_COMMENT_EXTENSION = b"\x21\xfe"
_PLAIN_TEXT_EXTENSION = b"\x21\x01\x0c"
_XMP_EXTENSION = b"\x21\xff\x0bXMP DataXMP"
_LOOP_EXTENSIONS = (b"\x21\xff\x0bNETSCAPE2.0", b"\x21\xff\x0bANIMEXTS1.0")
# XMP is not split into sub-blocks. Wherever a reader of sub-blocks lands here, it is led to the end.
_XMP_TRAILER = bytes([1, *range(255, -1, -1), 0])
_TRANSPARENT_FLAG = 1
# The compressed data of one pixel of index 0.
_ONE_PIXEL_DATA = b"\x02\x02\x44\x01\0"
_DISPOSAL_NAMES: dict[int, Dispose] = {2: "background", 3: "previous"}
_DISPOSAL_NUMBERS: dict[Dispose, int] = {"none": 1, "background": 2, "previous": 3}
_MAX_UINT16 = 65535


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a GIF."""
    try:
        size, parts = parse(data)
    except (IndexError, struct.error) as error:
        raise ValueError("cannot be decoded: the file is cut off") from error
    pictures = pictures_in(parts)
    if not pictures:
        raise ValueError("cannot be decoded: it has no picture")
    if not all(all(picture.box[2:]) for picture in pictures):
        raise ValueError("cannot be decoded: one of its pictures has no pixels")
    # As in browsers, the first picture may enlarge the screen, and later ones are cropped to it.
    left, top, width, height = pictures[0].box
    size = (max(size[0], left + width), max(size[1], top + height))
    # A picture that extends beyond the screen is decoded in full before it is cropped.
    check_frames((larger(size, picture.box[2:]) for picture in pictures), max_pixels)
    parts = replace(parts, blocks=tuple(_on_screen(size, block) for block in parts.blocks))
    pictures = pictures_in(parts)
    frames = tuple(_frame(picture, size, max_pixels) for picture in pictures)
    covers_screen = frames[0].left == frames[0].top == 0 and pictures[0].box[2:] == size
    kind: Kind = "still" if len(frames) == 1 and covers_screen else "animation"
    comments = [
        comment.decode("utf-8", "replace") for comment in contents_of(parts, _COMMENT_EXTENSION) if comment
    ]
    metadata = Metadata(
        icc=next(iter(contents_of(parts, _ICC_EXTENSION)), None),
        xmp=_xmp(parts),
        comment="\n".join(comments) or None,
    )
    return Document(
        format="GIF", size=size, frames=frames, kind=kind, loop=_loop(parts), metadata=metadata, parts=parts
    )


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Encode a GIF from a document of any format and the new images of its frames, which share a palette."""
    parts = document.parts if document.format == "GIF" else _parts_of(document)
    pictures = iter(zip(document.frames, images, strict=True))
    head = palette = b""
    out = []
    for block in parts.blocks:
        if isinstance(block, bytes):
            if not (encoding.strip and _is_description(block)):
                out.append(block)
            continue
        frame, image = next(pictures)
        palette, transparent = _palette_of(image)
        if not head:
            head = _head(document.size, parts, palette, transparent)
        may_be_transparent = block.flags & _TRANSPARENT_FLAG or document.format != "GIF"
        is_transparent = transparent is not None and bool(may_be_transparent)
        if block.has_control or is_transparent:
            flags = block.flags & ~_TRANSPARENT_FLAG | is_transparent
            out.append(_GRAPHIC_CONTROL + struct.pack("<BHBB", flags, block.delay, transparent or 0, 0))
        descriptor = IMAGE_DESCRIPTOR.pack(frame.left, frame.top, *image.size, 0)
        out.append(b"," + descriptor + _compressed(image))
    return b"".join([head, *(_recolored(block, parts.table, palette) for block in out), b";", parts.tail])


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


def _on_screen(size: Size, block: bytes | Picture) -> bytes | Picture:
    """The block; for a picture outside the screen, one transparent pixel of the same duration."""
    if isinstance(block, bytes) or (block.box[0] < size[0] and block.box[1] < size[1]):
        return block
    return Picture(
        has_control=block.has_control,
        flags=_TRANSPARENT_FLAG,
        delay=block.delay,
        box=(0, 0, 1, 1),
        table=bytes(6),
        data=_ONE_PIXEL_DATA,
    )


def _frame(picture: Picture, size: Size, max_pixels: int | None) -> Frame:
    left, top, width, height = picture.box
    visible_box = (0, 0, min(width, size[0] - left), min(height, size[1] - top))
    single = _single_picture_file(picture)

    def load() -> Image.Image:
        image = decode(single, max_pixels)
        return image if visible_box == (0, 0, width, height) else image.crop(visible_box)

    return Frame(
        load=load,
        left=left,
        top=top,
        milliseconds=10 * picture.delay,
        dispose=_DISPOSAL_NAMES.get(picture.flags >> 2 & 7, "none"),
        blend=True,
    )


def _single_picture_file(picture: Picture) -> bytes:
    """The picture as a file, for Pillow to decode."""
    width, height = picture.box[2:]
    table = picture.table
    flags = COLOR_TABLE_FLAG | (len(table) // 6).bit_length() - 1 if table else 0
    control = struct.pack("<BHBB", picture.flags & _TRANSPARENT_FLAG, 0, picture.transparent, 0)
    image_flags = INTERLACED_FLAG if picture.interlaced else 0
    return b"".join(
        [
            b"GIF89a",
            SCREEN_DESCRIPTOR.pack(width, height, flags, 0, 0),
            table,
            _GRAPHIC_CONTROL + control,
            b"," + IMAGE_DESCRIPTOR.pack(0, 0, width, height, image_flags),
            picture.data,
            b";",
        ]
    )


def _head(size: Size, parts: Parts, palette: bytes, transparent: int | None) -> bytes:
    """Signature, screen descriptor and global colour table, whose length is a power of two."""
    bits = max(1, (len(palette) // 3 - 1).bit_length())
    background = transparent or 0
    if parts.background and transparent is None:
        background = nearest_entry(palette, parts.background)
    screen = SCREEN_DESCRIPTOR.pack(*size, COLOR_TABLE_FLAG | 0x70 | bits - 1, background, parts.aspect)
    return b"GIF89a" + screen + palette.ljust(3 << bits, b"\0")


def _recolored(block: bytes, table: bytes, palette: bytes) -> bytes:
    """The block; if it is plain text, with its two colour indices converted from ``table`` to ``palette``."""
    if not block.startswith(_PLAIN_TEXT_EXTENSION) or len(block) < 15:
        return block
    colors = (table[3 * index : 3 * index + 3] or bytes(3) for index in block[13:15])
    return block[:13] + bytes(nearest_entry(palette, color) for color in colors) + block[15:]


def _compressed(image: Image.Image) -> bytes:
    """The pixels, compressed by Pillow; as grey levels, because Pillow would reorder palette indices."""
    buffer = io.BytesIO()
    Image.frombytes("L", image.size, image.tobytes()).save(buffer, "GIF", optimize=False, interlace=False)
    _, parts = parse(buffer.getvalue())
    return pictures_in(parts)[0].data


def _parts_of(document: Document) -> Parts:
    """Blocks for a document of another format."""
    animated = document.kind == "animation"
    blocks: list[bytes | Picture] = []
    loop = document.loop or 0
    if animated and loop != 1:
        repeats = struct.pack("<BH", 1, min(max(loop - 1, 0), _MAX_UINT16))
        blocks.append(_LOOP_EXTENSIONS[0] + sub_blocks(repeats))
    blocks += _metadata_extensions(document.metadata)
    for frame in document.frames:
        delay = min(round(frame.milliseconds / 10), _MAX_UINT16)
        flags = _DISPOSAL_NUMBERS[frame.dispose] << 2
        blocks.append(Picture(has_control=animated, flags=flags, delay=delay))
    return Parts(blocks=tuple(blocks))


def _metadata_extensions(metadata: Metadata) -> list[bytes]:
    blocks = []
    if metadata.icc:
        blocks.append(_ICC_EXTENSION + sub_blocks(metadata.icc))
    # XMP in UTF-16 contains zeros, which would end it.
    if metadata.xmp and b"\0" not in metadata.xmp:
        blocks.append(_XMP_EXTENSION + metadata.xmp + _XMP_TRAILER)
    if metadata.comment:
        blocks.append(_COMMENT_EXTENSION + sub_blocks(metadata.comment.encode("utf-8")))
    return blocks


def _loop(parts: Parts) -> int:
    """How often the animation is played: GIF stores the repetitions after the first time."""
    loop = 1
    for content in (content for prefix in _LOOP_EXTENSIONS for content in contents_of(parts, prefix)):
        if content[:1] == b"\x01" and len(content) >= 3:
            repeats = int.from_bytes(content[1:3], "little")
            loop = repeats + 1 if repeats else 0
    return loop


def _xmp(parts: Parts) -> bytes | None:
    for block in parts.blocks:
        if isinstance(block, bytes) and block.startswith(_XMP_EXTENSION):
            return block[len(_XMP_EXTENSION) : -len(_XMP_TRAILER)] or None
    return None


def _is_description(block: bytes) -> bool:
    return block.startswith((_COMMENT_EXTENSION, _XMP_EXTENSION))
