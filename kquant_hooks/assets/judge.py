"""Decides as much as a file's first bytes allow, without loading Pillow or NumPy."""

from __future__ import annotations

from kquant_hooks.formats.sniff import LFS_POINTER, format_of
from kquant_hooks.formats.table import FORMATS
from kquant_hooks.options.settings import Settings

_NO_PIXELS = (b"<?xml", b"<svg", b"<!DO", b"<html", b"%!PS", b"%PDF")


class Skip(Exception):  # noqa: N818  nothing went wrong
    """The file is left alone on purpose; the message says why."""


class Unchanged(Exception):  # noqa: N818  nothing went wrong
    """The file has few enough colours already; the message says so."""


def judge(data: bytes, settings: Settings, *, in_place: bool, end: bytes = b"") -> str | None:
    """The name of a file's format, a key of ``FORMATS``; None if the format has no row there.

    Parameters
    ----------
    data : bytes
        The whole file, or its head.
    settings : Settings
    in_place : bool
        Whether the file itself will be rewritten.
    end : bytes
        The last bytes of the file, if ``data`` is only its head.

    Raises
    ------
    Skip, Unchanged
        If there is nothing to do.
    ValueError
        If it cannot be an image.
    """
    if not data:
        raise ValueError("it is empty")
    if data.startswith(LFS_POINTER):
        raise Skip("it is a Git LFS pointer, not an image; run 'git lfs pull'")
    if data.startswith(_NO_PIXELS):
        raise ValueError("it is text, not a picture made of pixels")
    name = format_of(data)
    if not in_place or name is None:
        return name
    found = FORMATS[name]
    if found.lossy:
        raise Skip(f"{name} cannot hold a palette; write a new file, such as a PNG")
    if found.palette_length and settings.palette is None and settings.alpha == "keep":
        entries = found.palette_length(data, end or data)
        if entries is not None and entries <= settings.colors:
            raise Unchanged(f"its palette has {colors_in_words(entries)}")
    return name


def colors_in_words(count: int) -> str:
    """``1 colour``, ``2 colours``."""
    return f"{count} colour{'s' * (count != 1)}"
