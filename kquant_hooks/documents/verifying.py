"""A written file opened again and compared with what it was made of, before it may replace anything."""

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
    """Check that ``data`` holds what was meant, and that its header says what the one of ``source`` does.

    Raises
    ------
    ValueError
        If it is another kind of file, does not decode, or differs in size, frames, timing, loop, colours or
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
        if not _same_pixels(new, frame.load(), clear_alike=target.nodata_colors):
            raise ValueError("the result has other pixels than were meant")
    if wanted.kind == "still":
        return
    if header := read_header(data, target.name):
        counted = header.delays if wanted.kind == "animation" else header.sizes
        _compare("number of frames in its header", wanted.displayed, len(counted))
    if wanted.kind == "animation":
        _compare("loop", wanted.loop, found.loop)
        _compare_timing("timing", _delays(wanted), _delays(found), target)
    _compare_frames(reduction.source, found, len(reduction.figures.palette))


def _compare(what: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise ValueError(f"the result has another {what}: {found} instead of {wanted}")


def _same_pixels(image: Image.Image, other: Image.Image, *, clear_alike: bool) -> bool:
    """Compared strip by strip, as both in full would take eight bytes a pixel."""
    if image.size != other.size:
        return False
    for box in strips_of(image.size):
        strips = [in_rgba(image.crop(box)), in_rgba(other.crop(box))]
        if clear_alike:
            for strip in strips:
                strip.paste((0, 0, 0, 0), mask=_clear_in(strip))
        if strips[0].tobytes() != strips[1].tobytes():
            return False
    return True


def _clear_in(image: Image.Image) -> Image.Image:
    """White where it is fully transparent, and black elsewhere."""
    return image.getchannel("A").point([255] + [0] * 255)


def _alike_in_alpha(before: Image.Image, after: Image.Image) -> bool:
    """Whether what was clear or opaque still is."""
    alpha = after.getchannel("A")
    solid = before.getchannel("A").point([0] * 255 + [255])
    masked = ((_clear_in(before), alpha), (solid, ImageChops.invert(alpha)))
    return not any(ImageChops.multiply(mask, wrong).getbbox() for mask, wrong in masked)


def _compare_timing(what: str, wanted: Iterable[float], found: Iterable[float], target: Format) -> None:
    """Delays in milliseconds, as exact as the format stores them; PNG has 16 bits for long ones."""
    wanted, found = list(wanted), list(found)
    same = len(wanted) == len(found)
    if not same or any(
        abs(a - b) > max(target.delay_unit / 2, a / 131070) for a, b in zip(wanted, found, strict=True)
    ):
        raise ValueError(f"the result has another {what}: {found} instead of {wanted}")


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
    _compare("size in its header", before.sizes, after.sizes)
    _compare("loop in its header", before.loop, after.loop)
    _compare_timing("timing in its header", before.delays, after.delays, target)


def _without_single_frame(facts: Header) -> Header:
    """What a file says of an animation of one frame is nothing where it becomes another file."""
    return Header(facts.sizes) if len(facts.delays) == 1 else facts


def _compare_frames(wanted: Document, found: Document, limit: int) -> None:
    """Frame by frame as seen: what was clear or opaque still is, and there are not too many colours."""
    colors: set[int] = set()
    one_thread = Settings(threads=1)
    for number, (old, new) in enumerate(zip(composed_frames(wanted), composed_frames(found), strict=True), 1):
        _compare(f"size of frame {number}", old.canvas.size, new.canvas.size)
        for box in strips_of(old.canvas.size):
            if not _alike_in_alpha(*(in_rgba(composed.canvas.crop(box)) for composed in (old, new))):
                raise ValueError(f"the result has another transparency in frame {number}")
        colors.update(codes_of(prepare(new.canvas, one_thread, counted=True).histogram.colors).tolist())
    if len(colors) > limit:
        raise ValueError(f"the result has {len(colors)} colours instead of {limit}")
