"""What the first look at a file's bytes decides; neither Pillow nor NumPy is loaded for it."""

from __future__ import annotations

from kquant_hooks.documents.sniff import LFS_POINTER, container_of, png_palette_length
from kquant_hooks.options.settings import Settings

_LOSSY = {"JPEG", "AVIF", "lossy WebP", "JPEG 2000"}
_NO_PIXELS = (b"<?xml", b"<svg", b"<!DO", b"<html", b"%!PS", b"%PDF")


class Skip(Exception):  # noqa: N818  nothing went wrong
    """The file is left alone on purpose; the message says why."""


class Unchanged(Exception):  # noqa: N818  nothing went wrong
    """The file is within its palette already; the message says so."""


def judge(data: bytes, settings: Settings, *, in_place: bool, end: bytes = b"") -> str | None:
    """The container that a file is in, None for a rarer one.

    Parameters
    ----------
    data : bytes
        The whole file, or its head.
    settings : Settings
    in_place : bool
        Whether the file itself is to be rewritten.
    end : bytes
        The last bytes of the file, where ``data`` is its head alone.

    Raises
    ------
    Skip, Unchanged
        Where there is nothing to do.
    ValueError
        If it cannot be an image.
    """
    if not data:
        raise ValueError("it is empty")
    if data.startswith(LFS_POINTER):
        raise Skip("it is a Git LFS pointer, not an image; run 'git lfs pull'")
    if data.startswith(_NO_PIXELS):
        raise ValueError("it is text, not a picture made of pixels")
    container = container_of(data)
    if in_place and container in _LOSSY:
        raise Skip(f"{container} cannot hold a palette; write another file, such as a PNG")
    if in_place and container == "PNG" and settings.palette is None and settings.alpha == "keep":
        entries = png_palette_length(data, end or data)
        if entries is not None and entries <= settings.colors:
            raise Unchanged(f"its palette has {colors_in_words(entries)}")
    return container


def colors_in_words(count: int) -> str:
    """``1 colour``, ``2 colours``."""
    return f"{count} colour{'s' * (count != 1)}"
