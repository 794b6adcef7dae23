"""Lossless WebP, still and animated: taken apart and put together chunk by chunk.

Pillow decodes and encodes each frame on its own, so that frames, their boxes and their timing stay what they
are. The format: RFC 9649, 2024.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from kquant_hooks.documents.document import Dispose, Document, Encoding, Frame, Metadata
from kquant_hooks.documents.opening import decode, orientation_alone, still
from kquant_hooks.formats.chunks import riff_chunks
from kquant_hooks.options.limits import check_frames

Chunk = tuple[bytes, bytes]

_PICTURES = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM", b"VP8X"}
_DESCRIPTIONS = {b"EXIF", b"XMP "}
_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_ALPHA, _ANIMATED = 0x10, 0x02
_REPLACES, _TO_BACKGROUND = 2, 1


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The background colour of an animation, the chunks that are no pictures, and what follows the end."""

    background: bytes
    others: tuple[Chunk, ...]
    tail: bytes = b""


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a WebP file apart."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end - end % 2:
        raise ValueError("cannot be decoded: the file is cut off")
    chunks = [(kind, bytes(content)) for kind, content in riff_chunks(memoryview(data)[12:end])]
    others = tuple(chunk for chunk in chunks if chunk[0] not in _PICTURES)
    frames = tuple(_frame(content, max_pixels) for kind, content in chunks if kind == b"ANMF")
    control = dict(chunks).get(b"ANIM", b"")
    if not frames:
        return still("WebP", decode(data, max_pixels), _Parts(bytes(4), others, data[end:]))
    canvas = dict(chunks).get(b"VP8X", b"")
    if len(control) < 6 or len(canvas) < 10 or any(frame is None for frame in frames):
        raise ValueError("cannot be decoded: the animation is damaged")
    size = (1 + int.from_bytes(canvas[4:7], "little"), 1 + int.from_bytes(canvas[7:10], "little"))
    check_frames([size] * len(frames), max_pixels)
    loop = int.from_bytes(control[4:6], "little")
    whole = tuple(frame for frame in frames if frame is not None)
    parts = _Parts(control[:4], others, data[end:])
    return Document("WebP", size, whole, "animation", loop, _metadata_of(dict(others)), parts)


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a lossless WebP file together from a document of any format and its frames' new pixels."""
    parts = document.parts if document.format == "WebP" else _Parts(bytes(4), _made_of(document.metadata))
    others = list(parts.others)
    if encoding.strip:
        turn = orientation_alone(dict(others).get(b"EXIF"))
        others = [chunk for chunk in others if chunk[0] not in _DESCRIPTIONS]
        others += [(b"EXIF", turn)] if turn else []
    pictures: list[Chunk] = []
    transparent = False
    for frame, image in zip(document.frames, images, strict=True):
        transparent |= image.has_transparency_data
        bits = _encode(image)
        if document.kind == "animation":
            flags = (0 if frame.blend else _REPLACES) | (frame.dispose == "background") * _TO_BACKGROUND
            box = (frame.left // 2, frame.top // 2, image.width - 1, image.height - 1)
            numbers = (*box, min(round(frame.milliseconds), (1 << 24) - 1))
            head = b"".join(number.to_bytes(3, "little") for number in numbers) + bytes([flags])
            pictures.append((b"ANMF", head + _chunk(b"VP8L", bits)))
        else:
            pictures.append((b"VP8L", bits))
    animated = document.kind == "animation"
    if not animated and not others:
        return _riff(pictures) + parts.tail
    flags = sum(_FLAGS.get(kind, 0) for kind in {kind for kind, _ in others})
    flags |= transparent * _ALPHA | animated * _ANIMATED
    sizes = b"".join((length - 1).to_bytes(3, "little") for length in document.size)
    front = [(b"VP8X", struct.pack("<I", flags) + sizes)]
    front += [chunk for chunk in others if chunk[0] == b"ICCP"]
    if animated:
        front.append((b"ANIM", parts.background + struct.pack("<H", min(document.loop or 0, 65535))))
    return _riff([*front, *pictures, *(chunk for chunk in others if chunk[0] != b"ICCP")]) + parts.tail


def _frame(content: bytes, max_pixels: int | None) -> Frame | None:
    """The frame of an ANMF chunk; None if it is damaged."""
    if len(content) < 24:
        return None
    left, top, width, height, milliseconds = (
        int.from_bytes(content[start : start + 3], "little") for start in range(0, 15, 3)
    )
    flags = content[15]
    inner = [(kind, bytes(part)) for kind, part in riff_chunks(content[16:]) if kind in _PICTURES]
    if any(kind == b"ALPH" for kind, _ in inner):
        sizes = width.to_bytes(3, "little") + height.to_bytes(3, "little")
        inner.insert(0, (b"VP8X", struct.pack("<I", _ALPHA) + sizes))
    single = _riff(inner)
    dispose: Dispose = "background" if flags & _TO_BACKGROUND else "none"
    blend = not flags & _REPLACES
    return Frame(lambda: decode(single, max_pixels), 2 * left, 2 * top, milliseconds, dispose, blend)


def _metadata_of(chunks: dict[bytes, bytes]) -> Metadata:
    exif = chunks.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Metadata(chunks.get(b"ICCP") or None, exif or None, chunks.get(b"XMP ") or None)


def _encode(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    bare = image.convert("RGBA" if image.has_transparency_data else "RGB")
    bare.info = {}
    bare.save(buffer, "WEBP", lossless=True, quality=100, method=4, exact=True)
    chunks = dict(riff_chunks(memoryview(buffer.getvalue())[12:]))
    return bytes(chunks[b"VP8L"])


def _made_of(metadata: Metadata) -> tuple[Chunk, ...]:
    named = [(b"ICCP", metadata.icc), (b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)]
    return tuple((kind, content) for kind, content in named if content)


def _riff(chunks: list[Chunk]) -> bytes:
    body = b"WEBP" + b"".join(_chunk(*chunk) for chunk in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
