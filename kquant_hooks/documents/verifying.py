"""Reads an encoded file back and compares it with its source, before it replaces anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PIL import Image, ImageChops

from kquant_hooks.documents.codec import codec_of
from kquant_hooks.documents.document import Document, composed_frames
from kquant_hooks.documents.headers import Header, read_header
from kquant_hooks.documents.opening import orientation_of
from kquant_hooks.documents.reduce import Reduction
from kquant_hooks.formats.sniff import format_of
from kquant_hooks.formats.table import Format
from kquant_hooks.images.pixels import in_rgba, strips_of
from kquant_hooks.images.quantize import prepare
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.histogram import codes_of


def verify(data: bytes, target: Format, reduction: Reduction, max_pixels: int | None, source: bytes) -> None:
    """Check that ``data`` is the encoded reduction, and that its header agrees with that of ``source``.

    Raises
    ------
    ValueError
        If it has the wrong format, cannot be decoded, or differs in size, frames, timing, loop, colours or
        transparency.
    """
    wanted = reduction.document
    if format_of(data) != target.name:
        raise ValueError(f"the result is not a {target.name} file")
    try:
        found = codec_of(target.name).read(data, max_pixels)
    except ValueError as error:
        raise ValueError(f"the result cannot be read: {error}") from error
    _compare("size", wanted.size, found.size)
    _compare("kind", wanted.kind, found.kind)
    _compare("number of frames", len(wanted.frames), len(found.frames))
    _compare_headers(source, data, target, reduction.source)
    for new, frame in zip(reduction.images(), found.frames, strict=True):
        if not _same_pixels(new, frame.load(), ignore_hidden=target.nodata_colors):
            raise ValueError("the result's pixels differ from those of the quantized image")
    if wanted.kind == "still":
        return
    if header := read_header(data, target.name):
        per_frame = header.delays if wanted.kind == "animation" else header.sizes
        _compare("declared number of frames", wanted.displayed_count, len(per_frame))
    if wanted.kind == "animation":
        _compare("loop", wanted.loop, found.loop)
        _compare_timing("timing", _delays(wanted), _delays(found), target)
    _compare_frames(reduction.source, found, len(reduction.figures.palette))


def _compare(what: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise ValueError(f"the result's {what} is {found}, expected {wanted}")


def _same_pixels(image: Image.Image, other: Image.Image, *, ignore_hidden: bool) -> bool:
    """Whether two images have the same pixels, apart from hidden colours if these are ignored.

    The comparison goes strip by strip, because both images in RGBA need eight bytes per pixel.
    """
    if image.size != other.size:
        return False
    for box in strips_of(image.size):
        strips = [in_rgba(image.crop(box)), in_rgba(other.crop(box))]
        if ignore_hidden:
            for strip in strips:
                strip.paste((0, 0, 0, 0), mask=_transparency_mask(strip))
        if strips[0].tobytes() != strips[1].tobytes():
            return False
    return True


def _transparency_mask(image: Image.Image) -> Image.Image:
    """A mask that is white in fully transparent pixels and black in all others."""
    return image.getchannel("A").point([255] + [0] * 255)


def _keeps_opacity(before: Image.Image, after: Image.Image) -> bool:
    """Whether transparent pixels are still transparent, and opaque ones still opaque."""
    alpha = after.getchannel("A")
    opaque = before.getchannel("A").point([0] * 255 + [255])
    masked = ((_transparency_mask(before), alpha), (opaque, ImageChops.invert(alpha)))
    return not any(ImageChops.multiply(mask, wrong).getbbox() for mask, wrong in masked)


def _compare_timing(what: str, wanted: Iterable[float], found: Iterable[float], target: Format) -> None:
    """Compare delays in milliseconds within the precision of the format; PNG has 16 bits for long ones."""
    wanted, found = list(wanted), list(found)
    same = len(wanted) == len(found)
    if not same or any(
        abs(a - b) > max(target.delay_unit / 2, a / 131070) for a, b in zip(wanted, found, strict=True)
    ):
        raise ValueError(f"the result's {what} is {found}, expected {wanted}")


def _delays(document: Document) -> list[float]:
    return [frame.milliseconds for frame in document.frames if frame.displayed]


def _compare_headers(source: bytes, data: bytes, target: Format, document: Document) -> None:
    before, after = read_header(source, document.format), read_header(data, target.name)
    if before is None or after is None:
        return
    if target.name != document.format:
        before, after = _without_single_frame(before), _without_single_frame(after)
        if not target.orientation and orientation_of(document.metadata.exif) >= 5:
            before = replace(before, sizes=tuple((height, width) for width, height in before.sizes))
    _compare("declared size", before.sizes, after.sizes)
    _compare("declared loop", before.loop, after.loop)
    _compare_timing("declared timing", before.delays, after.delays, target)


def _without_single_frame(header: Header) -> Header:
    """The header without the timing of an animation of one frame, which other formats store as a still."""
    return Header(sizes=header.sizes) if len(header.delays) == 1 else header


def _compare_frames(wanted: Document, found: Document, limit: int) -> None:
    """Compare the displayed frames in transparency, and count their colours: at most ``limit``."""
    colors: set[int] = set()
    one_thread = Settings(threads=1)
    for number, (old, new) in enumerate(zip(composed_frames(wanted), composed_frames(found), strict=True), 1):
        _compare(f"canvas size in frame {number}", old.canvas.size, new.canvas.size)
        for box in strips_of(old.canvas.size):
            if not _keeps_opacity(*(in_rgba(composed.canvas.crop(box)) for composed in (old, new))):
                raise ValueError(f"the result's transparency in frame {number} differs from the source's")
        colors.update(codes_of(prepare(new.canvas, one_thread, counted=True).histogram.colors).tolist())
    if len(colors) > limit:
        raise ValueError(f"the result has {len(colors)} colours, expected at most {limit}")
