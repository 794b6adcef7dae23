"""Reads WebP and writes lossless WebP, still and animated, chunk by chunk.

Pillow decodes and encodes each frame separately, so that frames keep their boxes and their timing. The
format: RFC 9649, 2024.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from kquant_hooks.documents.document import Document, Encoding, Frame, Metadata
from kquant_hooks.documents.opening import decode, orientation_exif, still_document
from kquant_hooks.formats.chunks import riff_chunks
from kquant_hooks.options.limits import check_frames

Chunk = tuple[bytes, bytes]

_IMAGE_CHUNKS = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM", b"VP8X"}
_DESCRIPTION_CHUNKS = {b"EXIF", b"XMP "}
# Flags of VP8X.
_METADATA_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_ALPHA_FLAG, _ANIMATION_FLAG = 0x10, 0x02
# Flags of ANMF.
_NO_BLEND_FLAG, _DISPOSE_FLAG = 2, 1
_MAX_UINT16 = 65535
_MAX_UINT24 = (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """The content of a file other than its pictures.

    Attributes
    ----------
    background : bytes
        The background colour of an animation.
    others : tuple of chunks
    tail : bytes
        The bytes after the last chunk.
    """

    background: bytes = bytes(4)
    others: tuple[Chunk, ...]
    tail: bytes = b""


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a WebP file."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end - end % 2:
        raise ValueError("cannot be decoded: the file is cut off")
    chunks = [(kind, bytes(content)) for kind, content in riff_chunks(memoryview(data)[12:end])]
    others = tuple(chunk for chunk in chunks if chunk[0] not in _IMAGE_CHUNKS)
    frames = tuple(_frame(content, max_pixels) for kind, content in chunks if kind == b"ANMF")
    control = dict(chunks).get(b"ANIM", b"")
    if not frames:
        return still_document("WebP", decode(data, max_pixels), _Parts(others=others, tail=data[end:]))
    canvas = dict(chunks).get(b"VP8X", b"")
    if len(control) < 6 or len(canvas) < 10 or any(frame is None for frame in frames):
        raise ValueError("cannot be decoded: the animation is damaged")
    size = (1 + int.from_bytes(canvas[4:7], "little"), 1 + int.from_bytes(canvas[7:10], "little"))
    check_frames([size] * len(frames), max_pixels)
    return Document(
        format="WebP",
        size=size,
        frames=tuple(frame for frame in frames if frame is not None),
        kind="animation",
        loop=int.from_bytes(control[4:6], "little"),
        metadata=_metadata_of(dict(others)),
        parts=_Parts(background=control[:4], others=others, tail=data[end:]),
    )


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Encode a lossless WebP file from a document of any format and the new images of its frames."""
    parts = document.parts if document.format == "WebP" else _Parts(others=_chunks_of(document.metadata))
    others = _stripped(parts.others) if encoding.strip else list(parts.others)
    animated = document.kind == "animation"
    pictures: list[Chunk] = []
    transparent = False
    for frame, image in zip(document.frames, images, strict=True):
        transparent |= image.has_transparency_data
        bitstream = _encode(image)
        pictures.append(
            (b"ANMF", _frame_content(frame, image, bitstream)) if animated else (b"VP8L", bitstream)
        )
    if not animated and not others:
        return _riff(pictures) + parts.tail
    flags = sum(_METADATA_FLAGS.get(kind, 0) for kind in {kind for kind, _ in others})
    flags |= transparent * _ALPHA_FLAG | animated * _ANIMATION_FLAG
    sizes = b"".join((length - 1).to_bytes(3, "little") for length in document.size)
    front = [(b"VP8X", struct.pack("<I", flags) + sizes)]
    front += [chunk for chunk in others if chunk[0] == b"ICCP"]
    if animated:
        front.append((b"ANIM", parts.background + struct.pack("<H", min(document.loop or 0, _MAX_UINT16))))
    return _riff([*front, *pictures, *(chunk for chunk in others if chunk[0] != b"ICCP")]) + parts.tail


def _stripped(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The chunks without descriptions; the orientation stays."""
    chunks = list(chunks)
    orientation = orientation_exif(dict(chunks).get(b"EXIF"))
    kept = [chunk for chunk in chunks if chunk[0] not in _DESCRIPTION_CHUNKS]
    return [*kept, (b"EXIF", orientation)] if orientation else kept


def _frame_content(frame: Frame, image: Image.Image, bitstream: bytes) -> bytes:
    """The content of an ANMF chunk."""
    flags = (0 if frame.blend else _NO_BLEND_FLAG) | (frame.dispose == "background") * _DISPOSE_FLAG
    box = (frame.left // 2, frame.top // 2, image.width - 1, image.height - 1)
    numbers = (*box, min(round(frame.milliseconds), _MAX_UINT24))
    header = b"".join(number.to_bytes(3, "little") for number in numbers) + bytes([flags])
    return header + _chunk(b"VP8L", bitstream)


def _frame(content: bytes, max_pixels: int | None) -> Frame | None:
    """The frame of an ANMF chunk; None if it is damaged."""
    if len(content) < 24:
        return None
    left, top, width, height, milliseconds = (
        int.from_bytes(content[start : start + 3], "little") for start in range(0, 15, 3)
    )
    flags = content[15]
    inner = [(kind, bytes(part)) for kind, part in riff_chunks(content[16:]) if kind in _IMAGE_CHUNKS]
    if any(kind == b"ALPH" for kind, _ in inner):
        sizes = width.to_bytes(3, "little") + height.to_bytes(3, "little")
        inner.insert(0, (b"VP8X", struct.pack("<I", _ALPHA_FLAG) + sizes))
    single = _riff(inner)
    return Frame(
        load=lambda: decode(single, max_pixels),
        left=2 * left,
        top=2 * top,
        milliseconds=milliseconds,
        dispose="background" if flags & _DISPOSE_FLAG else "none",
        blend=not flags & _NO_BLEND_FLAG,
    )


def _metadata_of(chunks: dict[bytes, bytes]) -> Metadata:
    exif = chunks.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Metadata(icc=chunks.get(b"ICCP") or None, exif=exif or None, xmp=chunks.get(b"XMP ") or None)


def _encode(image: Image.Image) -> bytes:
    """The lossless bitstream of an image."""
    buffer = io.BytesIO()
    bare = image.convert("RGBA" if image.has_transparency_data else "RGB")
    bare.info = {}
    bare.save(buffer, "WEBP", lossless=True, quality=100, method=4, exact=True)
    chunks = dict(riff_chunks(memoryview(buffer.getvalue())[12:]))
    return bytes(chunks[b"VP8L"])


def _chunks_of(metadata: Metadata) -> tuple[Chunk, ...]:
    named = [(b"ICCP", metadata.icc), (b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)]
    return tuple((kind, content) for kind, content in named if content)


def _riff(chunks: list[Chunk]) -> bytes:
    body = b"WEBP" + b"".join(_chunk(*chunk) for chunk in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
