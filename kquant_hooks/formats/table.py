"""The table of image formats: each row has all that is known about a format before its codec is loaded.

Sniffing, the options, the choice of files in folders, converting, verifying and the README's table use it.
A new format needs a row here and a codec in ``documents/codecs``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kquant_hooks.formats.chunks import PNG_SIGNATURE, has_lossy_webp_frame, png_palette_length

_CODECS = "kquant_hooks.documents.codecs"
_UNLIMITED = (1 << 31) - 1


class Format(NamedTuple):
    """An image format; a row of the table, built by keyword.

    A format that is written holds quantized pixels exactly; one that is only read has no ``kinds``.

    Attributes
    ----------
    name : str
    extensions : tuple of str
        Those of its file names, in lower case, the usual one first.
    codec : str
        The module that reads and writes it, loaded when a file needs it.
    signatures : tuple of dict
        Bytes by offset; a file that has all of one of these is of this format. A format that is written needs
        at least one, so that results can be recognized.
    condition : callable, optional
        Decides between formats that share a signature: called with the file's first bytes.
    lossy : bool
        Whether it changes pixels, so that it cannot hold a palette.
    tag : str
        What pre-commit calls such files in ``types_or``.
    kinds : tuple of str
        Kinds of documents that are written: "still", "animation", "pages".
    keeps : str
        What survives rewriting, for the README.
    orientation : bool
        Whether it can say how to turn the picture; otherwise its pixels are turned.
    gray : bool
        Whether it can hold grey levels, which a profile for grey levels needs.
    transparency : bool
        Whether it can hold transparent pixels.
    hidden_colors : bool
        Whether transparent pixels have colours.
    nodata_colors : bool
        Whether transparent pixels keep the colours that stand for missing data.
    replacing_frames : bool
        Whether a frame can make visible pixels transparent without clearing the canvas first.
    sorted_palette : bool
        Whether files get smaller if entries of neighbouring pixels are close to each other in the palette.
    palette_length : callable, optional
        Returns the length of a palette from the first and the last bytes of a file; None if they do not tell.
    max_side : int
        Largest width and height in pixels.
    max_seconds : float
        How long a frame can be shown.
    max_loops : int
        How often an animation can be played.
    delay_unit : float
        The unit in which delays are stored, in milliseconds.
    """

    name: str
    extensions: tuple[str, ...]
    codec: str = f"{_CODECS}.other"
    signatures: tuple[dict[int, bytes], ...] = ()
    condition: Callable[[bytes], bool] | None = None
    lossy: bool = False
    tag: str = ""
    kinds: tuple[str, ...] = ()
    keeps: str = ""
    orientation: bool = False
    gray: bool = False
    transparency: bool = False
    hidden_colors: bool = False
    nodata_colors: bool = False
    replacing_frames: bool = False
    sorted_palette: bool = False
    palette_length: Callable[[bytes, bytes], int | None] | None = None
    max_side: int = _UNLIMITED
    max_seconds: float = 0
    max_loops: int = 0
    delay_unit: float = 1

    def matches(self, data: bytes) -> bool:
        """Whether a file, or its first kilobytes, is of this format."""
        for signature in self.signatures:
            for offset, part in signature.items():
                if not data.startswith(part, offset):
                    break
            else:
                return self.condition is None or self.condition(data)
        return False


_WEBP: tuple[dict[int, bytes], ...] = ({0: b"RIFF", 8: b"WEBP"},)
_GAPS = (b" ", b"\t", b"\n", b"\r", b"\f", b"\v")
_ROWS = (
    Format(
        name="PNG",
        extensions=(".png", ".apng"),
        codec=f"{_CODECS}.png",
        signatures=({0: PNG_SIGNATURE},),
        tag="png",
        kinds=("still", "animation"),
        keeps="profile, EXIF, XMP, text, resolution, gamma, sRGB, cICP, HDR hints, time, background, private "
        "chunks that allow it; frames, boxes, delays, disposal, blending, loop, the default image",
        orientation=True,
        gray=True,
        transparency=True,
        hidden_colors=True,
        replacing_frames=True,
        sorted_palette=True,
        palette_length=png_palette_length,
        max_seconds=65535,
        max_loops=_UNLIMITED,
    ),
    Format(
        name="GIF",
        extensions=(".gif",),
        codec=f"{_CODECS}.gif",
        signatures=({0: b"GIF87a"}, {0: b"GIF89a"}),
        tag="gif",
        kinds=("still", "animation"),
        keeps="comments, profile, XMP, all other extensions in place; frames, boxes, delays, disposal, loop",
        transparency=True,
        max_side=65535,
        max_seconds=655.35,
        max_loops=65536,
        delay_unit=10,
    ),
    Format(
        name="lossy WebP",
        extensions=(".webp",),
        codec=f"{_CODECS}.webp",
        signatures=_WEBP,
        condition=has_lossy_webp_frame,
        lossy=True,
    ),
    Format(
        name="WebP",
        extensions=(".webp",),
        codec=f"{_CODECS}.webp",
        signatures=_WEBP,
        tag="webp",
        kinds=("still", "animation"),
        keeps="profile, EXIF, XMP, unknown chunks; frames, boxes, delays, disposal, blending, loop",
        orientation=True,
        transparency=True,
        hidden_colors=True,
        replacing_frames=True,
        max_side=16383,
        max_seconds=16777.215,
        max_loops=65535,
    ),
    Format(
        name="TIFF",
        extensions=(".tif", ".tiff"),
        codec=f"{_CODECS}.tiff",
        signatures=({0: b"II*\0"}, {0: b"MM\0*"}, {0: b"II+\0"}, {0: b"MM\0+"}),
        tag="tiff",
        kinds=("still", "pages"),
        keeps="all tags except those for the storage of pixels: profile, EXIF, GPS, XMP, IPTC, resolution, "
        "texts, private ones; pages, byte order, lossless compression, tiles, nodata",
        orientation=True,
        gray=True,
        transparency=True,
        hidden_colors=True,
        nodata_colors=True,
        max_side=(1 << 32) - 1,
    ),
    Format(
        name="BMP",
        extensions=(".bmp", ".dib"),
        codec=f"{_CODECS}.bmp",
        signatures=({0: b"BM"},),
        tag="bitmap",
        kinds=("still",),
        keeps="resolution",
    ),
    Format(
        name="PPM",
        extensions=(".ppm", ".pgm", ".pbm", ".pnm"),
        codec=f"{_CODECS}.ppm",
        signatures=tuple(
            {0: b"P%d" % number, 2: bytes([gap])} for number in range(1, 7) for gap in b" \t\n\r\f\v"
        ),
        kinds=("still",),
        keeps="the kind of file, comments",
    ),
    Format(
        name="JPEG",
        extensions=(".jpg", ".jpeg", ".jpe", ".jfif"),
        codec=f"{_CODECS}.jpeg",
        signatures=({0: b"\xff\xd8\xff"},),
        lossy=True,
    ),
    Format(
        name="JPEG 2000",
        extensions=(".jp2", ".j2k"),
        signatures=({0: b"\0\0\0\x0cjP  \r\n\x87\n"}, {0: b"\xff\x4f\xff\x51"}),
        lossy=True,
    ),
    Format(
        name="AVIF",
        extensions=(".avif", ".avifs"),
        signatures=({4: b"ftypavif"}, {4: b"ftypavis"}),
        lossy=True,
    ),
    Format(name="TGA", extensions=(".tga",)),
    Format(name="PCX", extensions=(".pcx",)),
    Format(name="QOI", extensions=(".qoi",)),
)
# What a new file is in if neither its name nor an option says.
DEFAULT_FORMAT = "PNG"
FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}


def written_formats() -> list[Format]:
    """The formats that results can be written in."""
    return [row for row in FORMATS.values() if row.kinds]


def written_extensions() -> list[str]:
    """The extensions of file names for which a result's format is known."""
    return [extension for row in written_formats() for extension in row.extensions]


def format_for_extension(extension: str) -> str | None:
    """The format that a file name's extension, such as ``".png"``, asks for; None if none is written."""
    extension = extension.lower()
    return next((row.name for row in written_formats() if extension in row.extensions), None)


def format_for_option(value: str) -> str:
    """The format that ``--format`` names, such as ``"webp"``."""
    return next(row.name for row in written_formats() if row.name.lower() == value)
