"""Text of palette files: UTF-8, UTF-16 or, in old ones, Latin-1, with line ends of any kind."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, UTF-16 with one, or Latin-1."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def lines_of(data: bytes) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, stripped, each with its number, counted from 1."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text_of(data)), 1):
        if stripped := line.strip():
            yield number, stripped


def first_line(data: bytes) -> str:
    """The first line that is not blank, or an empty string."""
    return next((line for _, line in lines_of(data)), "")


def levels_in(line: str, count: int) -> tuple[int, ...] | None:
    """The ``count`` levels, 0..255, at the start of a line; None if it does not start with them."""
    words = line.split(None, count)[:count]
    if len(words) < count or not all(re.fullmatch("[0-9]{1,3}", word) for word in words):
        return None
    levels = tuple(map(int, words))
    return levels if max(levels) <= 255 else None
