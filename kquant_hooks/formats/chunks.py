"""The chunks of PNG and RIFF files, as far as judging a file needs them."""

from __future__ import annotations

from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def png_chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of each chunk up to where the file ends or is cut off; checksums are not checked."""
    view = memoryview(data)
    place = len(PNG_SIGNATURE)
    while place + 12 <= len(data):
        length = int.from_bytes(view[place : place + 4], "big")
        kind = bytes(view[place + 4 : place + 8])
        if place + 12 + length > len(data):
            return
        yield kind, view[place + 8 : place + 8 + length]
        if kind == b"IEND":
            return
        place += 12 + length


def riff_chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of each chunk; the last may be cut off."""
    view = memoryview(data)
    place = 0
    while place + 8 <= len(view):
        length = int.from_bytes(view[place + 4 : place + 8], "little")
        yield bytes(view[place : place + 4]), view[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def png_palette_length(head: bytes, end: bytes) -> int | None:
    """Entries of an indexed PNG's palette; None if the head does not hold one or the file is cut off.

    Parameters
    ----------
    head, end : bytes
        The first and the last bytes of the file; both may be the whole file.
    """
    if not (head.startswith(PNG_SIGNATURE) and end.endswith(_PNG_END)):
        return None
    for kind, content in png_chunks(head):
        if kind == b"IHDR" and (len(content) != 13 or content[9] != 3):
            return None
        if kind == b"PLTE":
            return len(content) // 3
    return None


def has_lossy_webp_frame(data: bytes) -> bool:
    """Whether a WebP file, or its head, has a frame in the lossy coding."""
    for kind, content in riff_chunks(memoryview(data)[12:]):
        if kind == b"VP8 ":
            return True
        if kind == b"ANMF" and any(inner == b"VP8 " for inner, _ in riff_chunks(content[16:])):
            return True
    return False
