"""Finds out before quantizing whether a format can hold a document."""

from __future__ import annotations

from kquant_hooks.documents.codec import check_metadata
from kquant_hooks.documents.document import (
    Document,
    Encoding,
    Unsupported,
    has_single_frame,
    transparency_error,
)
from kquant_hooks.formats.table import FORMATS
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.histogram import Histogram

_OPAQUE_ALPHA = 255


def check_fits(document: Document, format_name: str) -> None:
    """Refuse a document that another format cannot hold, judged without its pixels.

    Raises
    ------
    ValueError
        If the format does not hold pages or animations and the document needs them, or if its size, delays or
        loop count exceed the format's limits.
    """
    kind = "still" if has_single_frame(document) else document.kind
    if kind not in FORMATS[format_name].kinds:
        count = len(document.frames)
        what = f"{count} pages" if kind == "pages" else f"{count} frames"
        raise Unsupported(f"it has {what}, which {format_name} cannot hold; give another format")
    _check_limits(document, format_name)


def check_colors(
    colors: Histogram, settings: Settings, document: Document, format_name: str, encoding: Encoding
) -> None:
    """Refuse colours and metadata that the format cannot hold, whatever the palette will be.

    Raises
    ------
    ValueError
        With the same message as the format's codec.
    """
    if colors.alpha and not FORMATS[format_name].transparency:
        # Translucent colours may become opaque if the palette has opaque entries.
        opaque = settings.palette or settings.fixed or (colors.colors[:, 3] == _OPAQUE_ALPHA).any()
        if colors.transparent or not opaque:
            raise transparency_error(format_name)
    check_metadata(document, format_name, encoding)


def _check_limits(document: Document, format_name: str) -> None:
    target = FORMATS[format_name]
    width, height = document.size
    if max(width, height) > target.max_side:
        raise Unsupported(
            f"it has {width} x {height} pixels, but {format_name} holds at most {target.max_side} per side; "
            "give another format"
        )
    if document.kind != "animation":
        return
    seconds = max(frame.milliseconds for frame in document.frames if frame.displayed) / 1000
    for value, limit, what in (
        (seconds, target.max_seconds, f"one of its frames lasts {seconds:g} seconds"),
        (document.loop or 0, target.max_loops, f"it plays {document.loop} times"),
    ):
        if value > limit:
            raise Unsupported(f"{what}, but {format_name} holds at most {limit:g}; give another format")
