"""PNG and animated PNG: taken apart and put together chunk by chunk.

What describes the picture is carried over as it is, byte for byte; what describes how its pixels were stored
is made anew. Pillow decodes and encodes the pixels of each frame. The format: W3C, *Portable Network Graphics
Specification (Third Edition)*, 2025.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count

from PIL import Image, PngImagePlugin

from kquant_hooks.documents.codecs.deflating import deflated_rows
from kquant_hooks.documents.codecs.pngchecks import Chunk, check_rows, chunks_of, joined, packed, size_in
from kquant_hooks.documents.document import (
    Dispose,
    Document,
    Encoding,
    Frame,
    Metadata,
    Unsupported,
    untrue_of_indices,
)
from kquant_hooks.documents.opening import decode, metadata_of, open_image, orientation_alone, still
from kquant_hooks.formats.chunks import PNG_SIGNATURE, png_chunks
from kquant_hooks.images.pixels import nearest_entry
from kquant_hooks.options.limits import check_frames, check_picture, larger

# Known chunks that stay true when the pixels are stored in another way; of unknown ones those that say of
# themselves, by the case of their last letter, that they may be copied.
_CARRIED = {b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"eXIf"}
_CARRIED |= {b"tIME", b"tEXt", b"zTXt", b"iTXt", b"oFFs", b"pCAL", b"sCAL", b"sTER", b"gIFx", b"gIFg"}
# These speak of the pixels as they were stored.
_REMADE = {b"tRNS", b"bKGD", b"hIST", b"sBIT", b"sPLT", b"acTL", b"fcTL", b"fdAT"}
_STRIPPED = {b"pCAL", b"eXIf", b"tIME", b"tEXt", b"zTXt", b"iTXt"}
_DISPOSES: tuple[Dispose, ...] = ("none", "background", "previous")
# Each further level costs several times the time for about a hundredth of the bytes.
_OXIPNG_LEVEL = 2
_INCH = 0.0254
_GREY, _RGB, _INDEXED = 0, 2, 3
_COLOR_TYPES = {"L": _GREY, "P": _INDEXED, "LA": 4}
_CONTROL = struct.Struct(">IIIIIHHBB")
_LARGEST = 65535
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Chunks before and after the pixels, frames' control chunks, the background, what follows the end."""

    before: tuple[Chunk, ...]
    after: tuple[Chunk, ...]
    controls: tuple[bytes | None, ...] = ()
    background: tuple[int, ...] = ()
    tail: bytes = b""


def read(data: bytes, max_pixels: int | None) -> Document:
    """Take a PNG apart."""
    chunks, end = chunks_of(data)
    kinds = [kind for kind, _ in chunks]
    middle = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    before = tuple(chunk for chunk in chunks[:middle] if _is_carried(chunk[0]))
    after = tuple(chunk for chunk in chunks[middle:] if _is_carried(chunk[0]))
    parts = _Parts(before, after, (), _background(chunks), data[end:])
    if kinds[:middle].count(b"acTL") > 1:
        raise ValueError("it announces its animation more than once")
    control = dict(chunks[:middle]).get(b"acTL", b"")
    announced = int.from_bytes(control[:4], "big") if len(control) == 8 else 0
    frames, controls = _frames(chunks, max_pixels) if announced else ([], [])
    if not any(frame.displayed for frame in frames):
        header = chunks[0][1]
        check_picture(size_in(header), max_pixels)
        check_rows(header, (content for kind, content in chunks if kind == b"IDAT"))
        return still("PNG", _with_scaled_key(decode(data, max_pixels), chunks), parts)
    if len(controls) - controls.count(None) != announced:
        raise ValueError("it announces another number of frames than it has")
    image = open_image(data, max_pixels)
    return Document(
        "PNG",
        image.size,
        tuple(frames),
        "animation",
        int.from_bytes(control[4:], "big"),
        metadata_of(image),
        replace(parts, controls=tuple(controls)),
    )


def check(document: Document, encoding: Encoding) -> None:
    """Refuse a document with what would not be true of indices."""
    if document.format == "PNG" and not encoding.strip and b"pCAL" in dict(document.parts.before):
        raise untrue_of_indices("calibration of levels (pCAL)")


def write(document: Document, images: Iterable[Image.Image], encoding: Encoding) -> bytes:
    """Put a PNG together from a document of any format and its frames' new pixels, in one palette."""
    parts = document.parts if document.format == "PNG" else _made_of(document.metadata)
    before, after = parts.before, parts.after
    if encoding.strip:
        turn = orientation_alone(dict((*before, *after)).get(b"eXIf"))
        before, after = (tuple(c for c in chunks if c[0] not in _STRIPPED) for chunks in (before, after))
        before += ((b"eXIf", turn),) if turn else ()
    out = [PNG_SIGNATURE]
    sequence = count()
    for index, (frame, image) in enumerate(zip(document.frames, images, strict=True)):
        encoded = _encode(image, encoding.level)
        if index == 0:
            header = struct.pack(">II", *document.size) + encoded[0][1][8:]
            out += [packed(b"IHDR", header), *(packed(*chunk) for chunk in before)]
            if document.kind == "animation":
                shown = document.displayed
                out.append(packed(b"acTL", struct.pack(">II", shown, document.loop or 0)))
            out += [packed(*chunk) for chunk in encoded if chunk[0] in (b"PLTE", b"tRNS")]
            out += [packed(b"bKGD", _nearest_index(image, parts.background))] if parts.background else []
        if document.kind == "animation" and frame.displayed:
            control = parts.controls[index] if parts.controls else None
            out.append(packed(b"fcTL", _control(next(sequence), frame, image.size, control)))
        pixels = b"".join(content for kind, content in encoded if kind == b"IDAT")
        if index == 0:
            out.append(packed(b"IDAT", pixels))
        else:
            out.append(packed(b"fdAT", struct.pack(">I", next(sequence)) + pixels))
    return b"".join([*out, *(packed(*chunk) for chunk in after), packed(b"IEND", b""), parts.tail])


def _frames(chunks: Sequence[Chunk], max_pixels: int | None) -> tuple[list[Frame], list[bytes | None]]:
    """The frames, and for each its control chunk; None for a still that is not part of the animation."""
    numbers = [content[:4] for kind, content in chunks if kind in (b"fcTL", b"fdAT")]
    if numbers != [struct.pack(">I", number) for number in range(len(numbers))]:
        raise ValueError("the frames of its animation are out of sequence")
    header = dict(chunks)[b"IHDR"]
    # Of several the last holds, as in a still.
    shared = list({chunk[0]: chunk for chunk in chunks if chunk[0] in (b"PLTE", b"tRNS")}.values())
    control: bytes | None = None
    found: list[tuple[bytes | None, list[bytes]]] = []
    for kind, content in chunks:
        if kind == b"fcTL" and len(content) == _CONTROL.size:
            control = content
            found.append((control, []))
        elif kind == b"IDAT":
            if not found:
                found.append((None, []))
            found[0][1].append(content)
        elif kind == b"fdAT" and found:
            found[-1][1].append(content[4:])
    sizes = [header[:8] if control is None else control[4:12] for control, _ in found]
    check_frames((larger(size_in(header), size_in(size)) for size in sizes), max_pixels)
    frames, controls = [], []
    for size, (control, pixels) in zip(sizes, found, strict=True):
        own = size + header[8:]
        check_rows(own, pixels)
        single = [(b"IHDR", own), *shared, *((b"IDAT", part) for part in pixels), (b"IEND", b"")]
        frames.append(_frame(single, control, max_pixels))
        controls.append(control)
    return frames, controls


def _frame(single: Sequence[Chunk], control: bytes | None, max_pixels: int | None) -> Frame:
    def load() -> Image.Image:
        data = joined(single)
        return _with_scaled_key(decode(data, max_pixels), single)

    if control is None:
        return Frame(load, displayed=False)
    _, _, _, left, top, numerator, denominator, dispose, blend = _CONTROL.unpack(control)
    milliseconds = 1000 * numerator / (denominator or 100)
    name: Dispose = _DISPOSES[dispose] if dispose < len(_DISPOSES) else "none"
    return Frame(load, left, top, milliseconds, name, blend == 1)


def _with_scaled_key(image: Image.Image, chunks: Sequence[Chunk]) -> Image.Image:
    """The picture with its transparent colour in the levels that Pillow makes of fewer or more bits."""
    depth, kind = dict(chunks)[b"IHDR"][8:10]
    if b"tRNS" not in dict(chunks):
        return image
    if kind == _RGB and depth == 16:
        raise Unsupported("one of its 16-bit colours is transparent, and Pillow reads 8 bits of them")
    key = image.info.get("transparency")
    if kind == _GREY and depth < 8 and isinstance(key, int):
        image.info["transparency"] = (key & (1 << depth) - 1) * 255 // ((1 << depth) - 1)
    return image


def _background(chunks: Sequence[Chunk]) -> tuple[int, ...]:
    """R, G, B of the colour that viewers are to show behind the picture; none if it is damaged."""
    content = dict(chunks).get(b"bKGD", b"")
    depth, kind = dict(chunks)[b"IHDR"][8:10]
    table = dict(chunks).get(b"PLTE", b"")
    if kind == _INDEXED:
        return tuple(table[3 * content[0] : 3 * content[0] + 3]) if content else ()
    samples = [int.from_bytes(content[start : start + 2], "big") for start in range(0, len(content), 2)]
    if len(samples) not in (1, 3):
        return ()
    largest = (1 << depth) - 1
    levels = [min(sample, largest) * 255 // largest for sample in samples]
    return tuple(levels if len(levels) == 3 else 3 * levels)


def _nearest_index(image: Image.Image, color: tuple[int, ...]) -> bytes:
    """What says of a picture's own colours that one is the background."""
    if image.mode != "P":
        return struct.pack(">H", color[0])
    return bytes([nearest_entry(image.getpalette() or [0, 0, 0], color)])


def _control(sequence: int, frame: Frame, size: tuple[int, int], given: bytes | None) -> bytes:
    """The control chunk of a frame, with the timing of the one that it had."""
    if given is None:
        numerator, denominator = _delay(frame.milliseconds)
    else:
        numerator, denominator = _CONTROL.unpack(given)[5:7]
    dispose = _DISPOSES.index(frame.dispose)
    fields = (sequence, *size, frame.left, frame.top, numerator, denominator, dispose, int(frame.blend))
    return _CONTROL.pack(*fields)


def _delay(milliseconds: float) -> tuple[int, int]:
    """A duration as the nearest fraction of a second whose numbers have 16 bits."""
    milliseconds = round(milliseconds)
    if milliseconds <= _LARGEST:
        return milliseconds, 1000
    nearest = Fraction(milliseconds, 1000).limit_denominator(1000 * _LARGEST // milliseconds)
    return nearest.numerator, nearest.denominator


def _encode(image: Image.Image, level: int) -> list[Chunk]:
    """The chunks of a single picture."""
    palette = image.getpalette() or [0, 0, 0] if image.mode == "P" else []
    bits = next(bits for bits in (1, 2, 4, 8) if len(palette) // 3 <= 1 << bits) if palette else 8
    raw = image.tobytes("raw", image.mode if bits == 8 else f"P;{bits}")
    pixels = deflated_rows(raw, len(raw) // image.height, level, may_filter=bits == 8)
    header = struct.pack(">IIBBBBB", *image.size, bits, _COLOR_TYPES[image.mode], 0, 0, 0)
    return _recompressed([(b"IHDR", header), *_colors(image, palette), (b"IDAT", pixels)])


def _recompressed(chunks: list[Chunk]) -> list[Chunk]:
    """The same picture, deflated better, where the ``[oxipng]`` extra is installed."""
    try:
        import oxipng
    except ImportError:
        return chunks
    data = joined([*chunks, (b"IEND", b"")])
    # Filters and deflation alone: bits, the palette and its order are what they were made to be.
    smaller = oxipng.optimize_from_memory(
        data,
        level=_OXIPNG_LEVEL,
        bit_depth_reduction=False,
        color_type_reduction=False,
        palette_reduction=False,
        grayscale_reduction=False,
    )
    return [(kind, bytes(content)) for kind, content in png_chunks(bytes(smaller))]


def _colors(image: Image.Image, palette: list[int]) -> list[Chunk]:
    """The palette, and the alpha of its first entries as far as they have any."""
    chunks = [(b"PLTE", bytes(palette))] if palette else []
    alphas = image.info.get("transparency") if palette else None
    if isinstance(alphas, int):
        alphas = b"\xff" * alphas + b"\0"
    return [*chunks, (b"tRNS", alphas)] if alphas else chunks


def _made_of(metadata: Metadata) -> _Parts:
    """Chunks for what another format said."""
    made: list[Chunk] = []
    if metadata.icc:
        made.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc, 9)))
    if metadata.dpi:
        x, y = (round(value / _INCH) for value in metadata.dpi)
        made.append((b"pHYs", struct.pack(">IIB", x, y, 1)))
    if metadata.exif:
        made.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        made.append((b"iTXt", _XMP + metadata.xmp))
    if metadata.comment:
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("Comment", metadata.comment)
        made += [(chunk[0], chunk[1]) for chunk in texts.chunks]
    return _Parts(tuple(made), ())


def _is_carried(kind: bytes) -> bool:
    return kind in _CARRIED or (kind[:1].islower() and kind[3:4].islower() and kind not in _REMADE)
