"""Bytes to Pillow images, with everything that can go wrong said in one sentence."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tifftags import number_in
from kquant_hooks.documents.document import Document, Frame, Metadata
from kquant_hooks.options.limits import MOST_OF_ONE, check_picture, most_of_one, too_large

# All of Pillow's but those that run other programs (EPS, WMF) or only name a format (BUFR, GRIB, HDF5, MPEG).
_FORMATS = (
    *("PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG", "JPEG2000", "ICO", "CUR"),
    *("ICNS", "TGA", "PCX", "DCX", "PSD", "SGI", "DDS", "QOI", "XBM", "XPM", "FLI", "MSP", "IM", "SUN"),
    *("PIXAR", "SPIDER", "BLP", "FTEX", "GBR", "PCD", "XVTHUMB", "MCIDAS", "FITS", "IMT", "AVIF"),
)
_MOST_DPI = 1_000_000
_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
# Two bytes of a bitmap stand for at most so many pixels, unless they leave some out.
_LONGEST_RUN, _FEW_PIXELS = 255, 1 << 22


def open_image(data: bytes, max_pixels: int | None) -> Image.Image:
    """An image whose header has been read.

    Raises
    ------
    ValueError
        If there is none, or if it has more than ``max_pixels``.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (UnidentifiedImageError, KeyError) as error:
        # KeyError: of the last format, which not every build of Pillow has.
        raise ValueError("not an image in a known format") from error
    except Image.DecompressionBombError as error:
        if most_of_one(max_pixels) > MOST_OF_ONE:
            # The commands lift this limit; that of another program is its own.
            raise ValueError("its pixels are more than PIL.Image.MAX_IMAGE_PIXELS allows") from error
        raise too_large("its pixels are", most_of_one(max_pixels)) from error
    except Exception as error:  # plug-ins raise almost anything on broken files
        raise ValueError(f"cannot be opened: {_sentence(error)}") from error
    check_picture(image.size, max_pixels)
    _check_runs(image, len(data))
    return image


def decode(data: bytes, max_pixels: int | None) -> Image.Image:
    """An image with its pixels; ValueError where they cannot be decoded."""
    image = open_image(data, max_pixels)
    try:
        image.load()
    except Exception as error:  # as above
        raise ValueError(f"cannot be decoded: {_sentence(error)}") from error
    return image


def _check_runs(image: Image.Image, length: int) -> None:
    """Refuse a bitmap whose runs leave most of very many pixels out: Pillow fills each of them by itself."""
    pixels = image.width * image.height
    coded = any(tile[0] == "bmp_rle" for tile in getattr(image, "tile", ()))
    if coded and pixels > max(_LONGEST_RUN * length // 2, _FEW_PIXELS):
        raise ValueError(f"cannot be decoded: its {length} bytes hold no runs for {pixels} pixels")


def still(format_name: str, image: Image.Image, parts: Any = None) -> Document:
    """The document of a single picture."""
    return Document(
        format_name, image.size, (Frame(lambda: image),), metadata=metadata_of(image), parts=parts
    )


def count_frames(image: Image.Image) -> int:
    """How many frames Pillow finds in an opened image; ValueError where it cannot get through them."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception as error:  # as above
        raise ValueError(f"cannot be decoded: {_sentence(error)}") from error


def metadata_of(image: Image.Image) -> Metadata:
    """What an opened image says beside its pixels; damaged parts are left out."""
    return Metadata(
        _bytes(image.info.get("icc_profile")),
        exif_of(image),
        _bytes(image.info.get("xmp")),
        dpi_of(image),
        _text(image.info.get("comment") or image.info.get("Comment")),
    )


def exif_of(image: Image.Image) -> bytes | None:
    """The EXIF structure as it stands in the file, or as a PNG's text chunk has it."""
    raw = image.info.get("exif")
    if isinstance(raw, bytes):
        return raw.removeprefix(_EXIF_PREFIX) or None
    if "Raw profile type exif" not in image.info:
        # Pillow would make one up from what XMP says of the orientation.
        return None
    try:
        return image.getexif().tobytes().removeprefix(_EXIF_PREFIX) or None
    except Exception:  # noqa: BLE001  damaged metadata is no reason to refuse a picture
        return None


def dpi_of(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch, where they make sense."""
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 0 < x < _MOST_DPI and 0 < y < _MOST_DPI else None


def orientation_of(exif: bytes | None) -> int:
    """How a viewer turns the picture: 1 is upright."""
    if exif is None:
        return 1
    try:
        parts = parse(exif.removeprefix(_EXIF_PREFIX))
    except ValueError:  # as above
        return 1
    value = number_in(parts.pages[0] if parts.pages else (), _ORIENTATION, parts.order, 1)
    return value if 1 <= value <= 8 else 1


def orientation_alone(exif: bytes | None) -> bytes | None:
    """An EXIF structure that says nothing but how to turn the picture; None where it is upright."""
    turn = orientation_of(exif)
    if turn == 1:
        return None
    tags = Image.Exif()
    tags[_ORIENTATION] = turn
    return tags.tobytes().removeprefix(_EXIF_PREFIX)


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) and value else None


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) and value else None


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
