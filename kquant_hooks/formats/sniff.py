"""Finds out the format of a file from its bytes, never from its name."""

from __future__ import annotations

from kquant_hooks.formats.table import FORMATS

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def format_of(data: bytes) -> str | None:
    """The name of the format whose files begin with such bytes, a key of ``FORMATS``; None if there is none.

    Parameters
    ----------
    data : bytes
        A whole file, or its first few kilobytes.
    """
    # A plain loop: a hook asks this of each file.
    for name, row in FORMATS.items():
        if row.matches(data):
            return name
    return None
