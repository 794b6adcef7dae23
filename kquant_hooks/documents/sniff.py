"""What a file is, from its bytes and never from its name; neither Pillow nor NumPy is loaded for it."""

from __future__ import annotations

from collections.abc import Iterator

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"

_SIGNATURES = {
    PNG_SIGNATURE: "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\xd8\xff": "JPEG",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
}
# Containers that hold quantized pixels exactly, and the endings of their files' names, the usual one first.
SUFFIXES = {
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
_NETPBM = b"P1 P2 P3 P4 P5 P6".split()


def container_of(data: bytes) -> str | None:
    """The name of the container that the bytes begin like; None for a rarer one, or none at all.

    WebP is ``"WebP"`` or ``"lossy WebP"``: one of them cannot hold a palette.
    """
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data[:2] in _NETPBM and data[2:3].isspace():
        return "PPM"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "lossy WebP" if _has_lossy_webp_frame(data) else "WebP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return "AVIF"
    return None


def container_for_suffix(suffix: str) -> str | None:
    """The container that a file name's ending asks for."""
    return next((name for name, suffixes in SUFFIXES.items() if suffix.lower() in suffixes), None)


def container_for_format(name: str) -> str:
    """The container that an option names, such as ``"webp"``."""
    return next(container for container in SUFFIXES if container.lower() == name)


def png_chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of each chunk up to where the file ends or is cut off; checksums are not looked at."""
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
    """Entries of an indexed PNG's palette; None where the file's head has none, or where it is cut off."""
    if not (head.startswith(PNG_SIGNATURE) and end.endswith(_PNG_END)):
        return None
    for kind, content in png_chunks(head):
        if kind == b"IHDR" and (len(content) != 13 or content[9] != 3):
            return None
        if kind == b"PLTE":
            return len(content) // 3
    return None


def _has_lossy_webp_frame(data: bytes) -> bool:
    for kind, content in riff_chunks(memoryview(data)[12:]):
        if kind == b"VP8 ":
            return True
        if kind == b"ANMF" and any(inner == b"VP8 " for inner, _ in riff_chunks(content[16:])):
            return True
    return False
