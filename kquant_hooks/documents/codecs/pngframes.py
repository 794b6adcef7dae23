"""The frames of an animated PNG, and their control chunks.

The format: W3C, *Portable Network Graphics Specification (Third Edition)*, 2025.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction

from PIL import Image

from kquant_hooks.documents.codecs.pngchecks import Chunk, check_rows, joined, size_in
from kquant_hooks.documents.document import Dispose, Frame, Unsupported
from kquant_hooks.documents.opening import decode
from kquant_hooks.options.limits import check_frames, larger

_GRAY, _RGB = 0, 2
_DISPOSE_OPERATIONS: tuple[Dispose, ...] = ("none", "background", "previous")
_FRAME_CONTROL = struct.Struct(">IIIIIHHBB")
_MAX_UINT16 = 65535


def frames_of(chunks: Sequence[Chunk], max_pixels: int | None) -> tuple[list[Frame], list[bytes | None]]:
    """The frames and their control chunks; None for a default image that is not part of the animation."""
    numbers = [content[:4] for kind, content in chunks if kind in (b"fcTL", b"fdAT")]
    if numbers != [struct.pack(">I", number) for number in range(len(numbers))]:
        raise ValueError("the frames of its animation are out of sequence")
    header = dict(chunks)[b"IHDR"]
    # If a chunk occurs several times, the last one counts, as in a still picture.
    shared = list({chunk[0]: chunk for chunk in chunks if chunk[0] in (b"PLTE", b"tRNS")}.values())
    found = _stored_frames(chunks)
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


def _stored_frames(chunks: Sequence[Chunk]) -> list[tuple[bytes | None, list[bytes]]]:
    """The control chunk and the parts of the deflated pixels of each frame."""
    found: list[tuple[bytes | None, list[bytes]]] = []
    for kind, content in chunks:
        if kind == b"fcTL" and len(content) == _FRAME_CONTROL.size:
            found.append((content, []))
        elif kind == b"IDAT":
            if not found:
                found.append((None, []))
            found[0][1].append(content)
        elif kind == b"fdAT" and found:
            found[-1][1].append(content[4:])
    return found


def _frame(single: Sequence[Chunk], control: bytes | None, max_pixels: int | None) -> Frame:
    def load() -> Image.Image:
        data = joined(single)
        return with_scaled_color_key(decode(data, max_pixels), single)

    if control is None:
        return Frame(load=load, displayed=False)
    _, _, _, left, top, numerator, denominator, dispose, blend = _FRAME_CONTROL.unpack(control)
    return Frame(
        load=load,
        left=left,
        top=top,
        milliseconds=1000 * numerator / (denominator or 100),
        dispose=_DISPOSE_OPERATIONS[dispose] if dispose < len(_DISPOSE_OPERATIONS) else "none",
        blend=blend == 1,
    )


def with_scaled_color_key(image: Image.Image, chunks: Sequence[Chunk]) -> Image.Image:
    """The picture with its transparent colour scaled to 8 bits, as Pillow scales the pixels."""
    depth, kind = dict(chunks)[b"IHDR"][8:10]
    if b"tRNS" not in dict(chunks):
        return image
    if kind == _RGB and depth == 16:
        raise Unsupported("its transparent colour has 16 bits per channel, of which Pillow reads only 8")
    key = image.info.get("transparency")
    if kind == _GRAY and depth < 8 and isinstance(key, int):
        image.info["transparency"] = (key & (1 << depth) - 1) * 255 // ((1 << depth) - 1)
    return image


def frame_control(sequence: int, frame: Frame, size: tuple[int, int], source: bytes | None) -> bytes:
    """The content of a control chunk (fcTL), with the delay of the source's control chunk, if any."""
    if source is None:
        numerator, denominator = _delay(frame.milliseconds)
    else:
        numerator, denominator = _FRAME_CONTROL.unpack(source)[5:7]
    dispose = _DISPOSE_OPERATIONS.index(frame.dispose)
    fields = (sequence, *size, frame.left, frame.top, numerator, denominator, dispose, int(frame.blend))
    return _FRAME_CONTROL.pack(*fields)


def _delay(milliseconds: float) -> tuple[int, int]:
    """A duration as the nearest fraction of a second with 16-bit numbers."""
    milliseconds = round(milliseconds)
    if milliseconds <= _MAX_UINT16:
        return milliseconds, 1000
    nearest = Fraction(milliseconds, 1000).limit_denominator(1000 * _MAX_UINT16 // milliseconds)
    return nearest.numerator, nearest.denominator
