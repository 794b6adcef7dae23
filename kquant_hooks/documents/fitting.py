"""What a format cannot hold, found out before anything is quantized for it."""

from __future__ import annotations

from kquant_hooks.documents.codec import check_surroundings
from kquant_hooks.documents.document import (
    Document,
    Encoding,
    Unsupported,
    is_one_picture,
    without_transparency,
)
from kquant_hooks.formats.table import FORMATS
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.histogram import Histogram

_OPAQUE = 255


def check_fits(document: Document, format_name: str) -> None:
    """Refuse what another format cannot hold, as far as a document tells without its pixels.

    Raises
    ------
    ValueError
        If it has pages or is animated and the format holds still pictures only, or if it is larger, slower
        or longer than the format can say.
    """
    kind = "still" if is_one_picture(document) else document.kind
    if kind not in FORMATS[format_name].kinds:
        count = len(document.frames)
        what = f"{count} pages" if kind == "pages" else f"{count} frames"
        raise Unsupported(f"it has {what}, which {format_name} cannot hold; give another format")
    _check_limits(document, format_name)


def check_colors(
    colors: Histogram, settings: Settings, document: Document, format_name: str, encoding: Encoding
) -> None:
    """Refuse what the format cannot hold, as far as its colours tell, whatever palette they get.

    Raises
    ------
    ValueError
        As the format's codec does.
    """
    if colors.alpha and not FORMATS[format_name].transparency:
        # Translucent colours may become opaque where there are opaque entries.
        opaque = settings.palette or settings.fixed or (colors.colors[:, 3] == _OPAQUE).any()
        if colors.transparent or not opaque:
            raise without_transparency(format_name)
    check_surroundings(document, format_name, encoding)


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
    for value, most, what in (
        (seconds, target.max_seconds, f"one of its frames lasts {seconds:g} seconds"),
        (document.loop or 0, target.max_loops, f"it plays {document.loop} times"),
    ):
        if value > most:
            raise Unsupported(f"{what}, but {format_name} holds at most {most:g}; give another format")
