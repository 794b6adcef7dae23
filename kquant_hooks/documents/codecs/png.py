"""Reads and writes PNG and animated PNG, chunk by chunk.

Chunks that describe the picture are kept byte for byte; those that describe how its pixels are stored are
written again. Pillow decodes the pixels of each frame. The format: W3C, *Portable Network Graphics
Specification (Third Edition)*, 2025.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from PIL import Image, PngImagePlugin

from kquant_hooks.documents.codecs.deflating import deflated_rows
from kquant_hooks.documents.codecs.pngchecks import Chunk, check_rows, chunks_of, joined, packed, size_in
from kquant_hooks.documents.codecs.pngframes import frame_control, frames_of, with_scaled_color_key
from kquant_hooks.documents.document import Document, Encoding, Metadata, pixel_value_error
from kquant_hooks.documents.opening import decode, metadata_of, open_image, orientation_exif, still_document
from kquant_hooks.formats.chunks import PNG_SIGNATURE, png_chunks
from kquant_hooks.images.pixels import nearest_entry
from kquant_hooks.options.limits import check_picture

# Known chunks that remain valid when the pixels are stored in another way. Unknown chunks are kept if their
# type marks them as safe to copy (a lower-case last letter).
_KEPT_CHUNKS = {
    *(b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"eXIf"),
    *(b"tIME", b"tEXt", b"zTXt", b"iTXt", b"oFFs", b"pCAL", b"sCAL", b"sTER", b"gIFx", b"gIFg"),
}
# These describe the pixels as they were stored.
_PIXEL_CHUNKS = {b"tRNS", b"bKGD", b"hIST", b"sBIT", b"sPLT", b"acTL", b"fcTL", b"fdAT"}
_STRIPPED_CHUNKS = {b"pCAL", b"eXIf", b"tIME", b"tEXt", b"zTXt", b"iTXt"}
# Each further level costs several times the time for about a hundredth of the bytes.
_OXIPNG_LEVEL = 2
_METERS_PER_INCH = 0.0254
_GRAY, _INDEXED, _GRAY_ALPHA = 0, 3, 4
_COLOR_TYPES = {"L": _GRAY, "P": _INDEXED, "LA": _GRAY_ALPHA}
_XMP_PREFIX = b"XML:com.adobe.xmp\0\0\0\0\0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """The content of a file.

    Attributes
    ----------
    before, after : tuple of chunks
        The kept chunks before and after the pixels.
    controls : tuple of bytes or None
        The control chunk of each frame; None for a default image that is not part of the animation.
    background : tuple of int
        R, G, B of the background colour; empty if there is none.
    tail : bytes
        The bytes after the last chunk.
    """

    before: tuple[Chunk, ...]
    after: tuple[Chunk, ...] = ()
    controls: tuple[bytes | None, ...] = ()
    background: tuple[int, ...] = ()
    tail: bytes = b""


def read(data: bytes, max_pixels: int | None) -> Document:
    """Parse a PNG."""
    chunks, end = chunks_of(data)
    kinds = [kind for kind, _ in chunks]
    first_pixels = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    parts = _Parts(
        before=tuple(chunk for chunk in chunks[:first_pixels] if _is_kept(chunk[0])),
        after=tuple(chunk for chunk in chunks[first_pixels:] if _is_kept(chunk[0])),
        background=_background(chunks),
        tail=data[end:],
    )
    control = _animation_control(chunks[:first_pixels])
    declared = int.from_bytes(control[:4], "big")
    frames, controls = frames_of(chunks, max_pixels) if declared else ([], [])
    if not any(frame.displayed for frame in frames):
        header = chunks[0][1]
        check_picture(size_in(header), max_pixels)
        check_rows(header, (content for kind, content in chunks if kind == b"IDAT"))
        return still_document("PNG", with_scaled_color_key(decode(data, max_pixels), chunks), parts)
    count_found = len(controls) - controls.count(None)
    if count_found != declared:
        raise ValueError(f"cannot be decoded: its header declares {declared} frames but it has {count_found}")
    image = open_image(data, max_pixels)
    return Document(
        format="PNG",
        size=image.size,
        frames=tuple(frames),
        kind="animation",
        loop=int.from_bytes(control[4:], "big"),
        metadata=metadata_of(image),
        parts=replace(parts, controls=tuple(controls)),
    )


def _animation_control(chunks: Sequence[Chunk]) -> bytes:
    """The content of the animation control chunk (acTL); empty if there is none, or it is malformed."""
    found = [content for kind, content in chunks if kind == b"acTL"]
    if len(found) > 1:
        raise ValueError(
            f"cannot be decoded: it has {len(found)} animation control chunks (acTL), expected 1"
        )
    return found[0] if found and len(found[0]) == 8 else b""


def check(document: Document, encoding: Encoding) -> None:
    """Refuse a document whose metadata would be wrong for palette indices."""
    if document.format == "PNG" and not encoding.strip and b"pCAL" in dict(document.parts.before):
        raise pixel_value_error("calibration of levels (pCAL)")


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Encode a PNG from a document of any format and the new images of its frames, which share a palette."""
    parts = document.parts if document.format == "PNG" else _parts_of(document.metadata)
    if encoding.strip:
        parts = _stripped(parts)
    animated = document.kind == "animation"
    out = [PNG_SIGNATURE]
    sequence = count()
    for index, (frame, image) in enumerate(zip(document.frames, images, strict=True)):
        encoded = _encode(image, encoding.level)
        if index == 0:
            out += [packed(*chunk) for chunk in _leading_chunks(document, parts, image, encoded)]
        if animated and frame.displayed:
            control = parts.controls[index] if parts.controls else None
            out.append(packed(b"fcTL", frame_control(next(sequence), frame, image.size, control)))
        pixels = b"".join(content for kind, content in encoded if kind == b"IDAT")
        if index == 0:
            out.append(packed(b"IDAT", pixels))
        else:
            out.append(packed(b"fdAT", struct.pack(">I", next(sequence)) + pixels))
    return b"".join([*out, *(packed(*chunk) for chunk in parts.after), packed(b"IEND", b""), parts.tail])


def _stripped(parts: _Parts) -> _Parts:
    """The parts without metadata that viewers do not need; the orientation stays."""
    before, after = (
        tuple(chunk for chunk in chunks if chunk[0] not in _STRIPPED_CHUNKS)
        for chunks in (parts.before, parts.after)
    )
    orientation = orientation_exif(dict((*parts.before, *parts.after)).get(b"eXIf"))
    before += ((b"eXIf", orientation),) if orientation else ()
    return replace(parts, before=before, after=after)


def _leading_chunks(
    document: Document, parts: _Parts, image: Image.Image, encoded: Sequence[Chunk]
) -> list[Chunk]:
    """All chunks before the first frame, which is ``image``, encoded as the chunks ``encoded``."""
    chunks = [(b"IHDR", struct.pack(">II", *document.size) + encoded[0][1][8:]), *parts.before]
    if document.kind == "animation":
        chunks.append((b"acTL", struct.pack(">II", document.displayed_count, document.loop or 0)))
    chunks += [chunk for chunk in encoded if chunk[0] in (b"PLTE", b"tRNS")]
    if parts.background:
        chunks.append((b"bKGD", _background_content(image, parts.background)))
    return chunks


def _background(chunks: Sequence[Chunk]) -> tuple[int, ...]:
    """R, G, B of the colour that viewers should display behind the picture; empty if missing or damaged."""
    content = dict(chunks).get(b"bKGD", b"")
    depth, kind = dict(chunks)[b"IHDR"][8:10]
    table = dict(chunks).get(b"PLTE", b"")
    if kind == _INDEXED:
        return tuple(table[3 * content[0] : 3 * content[0] + 3]) if content else ()
    samples = [int.from_bytes(content[start : start + 2], "big") for start in range(0, len(content), 2)]
    if len(samples) not in (1, 3):
        return ()
    max_level = (1 << depth) - 1
    levels = [min(sample, max_level) * 255 // max_level for sample in samples]
    return tuple(levels if len(levels) == 3 else 3 * levels)


def _background_content(image: Image.Image, color: tuple[int, ...]) -> bytes:
    """The content of a ``bKGD`` chunk that names the background colour, or the nearest palette entry."""
    if image.mode != "P":
        return struct.pack(">H", color[0])
    return bytes([nearest_entry(image.getpalette() or [0, 0, 0], color)])


def _encode(image: Image.Image, level: int) -> list[Chunk]:
    """The chunks of a single picture."""
    palette = image.getpalette() or [0, 0, 0] if image.mode == "P" else []
    bits = next(bits for bits in (1, 2, 4, 8) if len(palette) // 3 <= 1 << bits) if palette else 8
    raw = image.tobytes("raw", image.mode if bits == 8 else f"P;{bits}")
    pixels = deflated_rows(raw, len(raw) // image.height, level, may_filter=bits == 8)
    header = struct.pack(">IIBBBBB", *image.size, bits, _COLOR_TYPES[image.mode], 0, 0, 0)
    return _recompressed([(b"IHDR", header), *_palette_chunks(image, palette), (b"IDAT", pixels)])


def _recompressed(chunks: list[Chunk]) -> list[Chunk]:
    """The same picture, compressed better if the ``[oxipng]`` extra is installed."""
    try:
        import oxipng
    except ImportError:
        return chunks
    data = joined([*chunks, (b"IEND", b"")])
    # Optimize only filters and deflation: we have already chosen the bit depth, the palette and its order.
    smaller = oxipng.optimize_from_memory(
        data,
        level=_OXIPNG_LEVEL,
        bit_depth_reduction=False,
        color_type_reduction=False,
        palette_reduction=False,
        grayscale_reduction=False,
    )
    return [(kind, bytes(content)) for kind, content in png_chunks(bytes(smaller))]


def _palette_chunks(image: Image.Image, palette: list[int]) -> list[Chunk]:
    """The palette, and the alpha of its entries up to the last one that is not opaque."""
    chunks = [(b"PLTE", bytes(palette))] if palette else []
    alphas = image.info.get("transparency") if palette else None
    if isinstance(alphas, int):
        alphas = b"\xff" * alphas + b"\0"
    return [*chunks, (b"tRNS", alphas)] if alphas else chunks


def _parts_of(metadata: Metadata) -> _Parts:
    """Chunks for the metadata of another format."""
    chunks: list[Chunk] = []
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc, 9)))
    if metadata.dpi:
        x, y = (round(value / _METERS_PER_INCH) for value in metadata.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", x, y, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append((b"iTXt", _XMP_PREFIX + metadata.xmp))
    if metadata.comment:
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("Comment", metadata.comment)
        chunks += [(chunk[0], chunk[1]) for chunk in texts.chunks]
    return _Parts(before=tuple(chunks))


def _is_kept(kind: bytes) -> bool:
    return kind in _KEPT_CHUNKS or (kind[:1].islower() and kind[3:4].islower() and kind not in _PIXEL_CHUNKS)
