"""What a container cannot hold, found out before anything is quantized for it."""

from __future__ import annotations

from kquant_hooks.documents.document import (
    Document,
    Encoding,
    Unsupported,
    is_one_picture,
    without_transparency,
)
from kquant_hooks.documents.formats.table import CONTAINERS
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.histogram import Histogram

_OPAQUE = 255


def check_fits(document: Document, container: str) -> None:
    """Refuse what another container cannot hold, as far as a document tells without its pixels.

    Raises
    ------
    ValueError
        If it has pages or is animated and the container holds still pictures only, or if it is larger, slower
        or longer than the container can say.
    """
    kind = "still" if is_one_picture(document) else document.kind
    if kind not in CONTAINERS[container].kinds:
        count = len(document.frames)
        what = f"{count} pages" if kind == "pages" else f"{count} frames"
        raise Unsupported(f"it has {what}, which {container} cannot hold; give another format")
    _check_limits(document, container)


def check_colors(
    colors: Histogram, settings: Settings, document: Document, container: str, encoding: Encoding
) -> None:
    """Refuse what the container cannot hold, as far as its colours tell, whatever palette they get.

    Raises
    ------
    ValueError
        As the container's writer does.
    """
    if colors.alpha and not CONTAINERS[container].transparency:
        # Translucent colours may become opaque where there are opaque entries.
        opaque = settings.palette or settings.fixed or (colors.colors[:, 3] == _OPAQUE).any()
        if colors.transparent or not opaque:
            raise without_transparency(container)
    CONTAINERS[container].check(document, encoding)


def _check_limits(document: Document, container: str) -> None:
    target = CONTAINERS[container]
    width, height = document.size
    if max(width, height) > target.side:
        raise Unsupported(
            f"it has {width} x {height} pixels, and {container} cannot hold more than {target.side} a side; "
            "give another format"
        )
    if document.kind != "animation":
        return
    seconds = max(frame.milliseconds for frame in document.frames if frame.shown) / 1000
    for value, most, what in (
        (seconds, target.seconds, f"a frame of it lasts {seconds:g} seconds"),
        (document.loop or 0, target.loops, f"it is played {document.loop} times"),
    ):
        if value > most:
            raise Unsupported(f"{what}, and {container} cannot hold more than {most:g}; give another format")
