"""Opens bytes as Pillow images; every failure is a ValueError with one sentence."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from kquant_hooks.documents.codecs.tiffparsing import parse
from kquant_hooks.documents.codecs.tifftags import integer_in
from kquant_hooks.documents.document import Document, Frame, Metadata
from kquant_hooks.options.limits import MOST_OF_ONE, check_picture, most_of_one, too_large

# All of Pillow's formats, except those that run other programs (EPS, WMF) and those that Pillow identifies
# but cannot decode (BUFR, GRIB, HDF5, MPEG).
_FORMATS = (
    *("PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG", "JPEG2000", "ICO", "CUR"),
    *("ICNS", "TGA", "PCX", "DCX", "PSD", "SGI", "DDS", "QOI", "XBM", "XPM", "FLI", "MSP", "IM", "SUN"),
    *("PIXAR", "SPIDER", "BLP", "FTEX", "GBR", "PCD", "XVTHUMB", "MCIDAS", "FITS", "IMT", "AVIF"),
)
_MAX_DPI = 1_000_000
_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION_TAG = 0x0112
# In a run-length encoded bitmap two bytes stand for at most 255 pixels, unless the runs skip pixels. Smaller
# bitmaps may skip as many as they like.
_MAX_RUN_LENGTH, _SMALL_BITMAP_PIXELS = 255, 1 << 22


def open_image(data: bytes, max_pixels: int | None) -> Image.Image:
    """An image whose header has been read.

    Raises
    ------
    ValueError
        If the bytes are not an image, or if it has more than ``max_pixels``.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (UnidentifiedImageError, KeyError) as error:
        # KeyError: some builds of Pillow lack AVIF, the last format.
        raise ValueError("not an image in a known format") from error
    except Image.DecompressionBombError as error:
        if most_of_one(max_pixels) > MOST_OF_ONE:
            # Our commands remove Pillow's limit, so another program has set this one.
            raise ValueError("it has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows") from error
        raise too_large("its pixels are", most_of_one(max_pixels)) from error
    except Exception as error:  # plug-ins raise almost anything on broken files
        raise ValueError(f"cannot be opened: {_message(error)}") from error
    check_picture(image.size, max_pixels)
    _check_runs(image, len(data))
    return image


def decode(data: bytes, max_pixels: int | None) -> Image.Image:
    """An image with its pixels; ValueError if they cannot be decoded."""
    image = open_image(data, max_pixels)
    try:
        image.load()
    except Exception as error:  # as above
        raise ValueError(f"cannot be decoded: {_message(error)}") from error
    return image


def _check_runs(image: Image.Image, length: int) -> None:
    """Refuse a large bitmap whose runs skip most of its pixels: Pillow fills these one by one."""
    pixels = image.width * image.height
    run_length_encoded = any(tile[0] == "bmp_rle" for tile in getattr(image, "tile", ()))
    if run_length_encoded and pixels > max(_MAX_RUN_LENGTH * length // 2, _SMALL_BITMAP_PIXELS):
        raise ValueError(f"cannot be decoded: its {length} bytes are too few for {pixels} pixels")


def still_document(format_name: str, image: Image.Image, parts: Any = None) -> Document:
    """The document of a single picture."""
    return Document(
        format=format_name,
        size=image.size,
        frames=(Frame(load=lambda: image),),
        metadata=metadata_of(image),
        parts=parts,
    )


def count_frames(image: Image.Image) -> int:
    """The number of frames that Pillow finds in an opened image; ValueError if it fails to read them."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception as error:  # as above
        raise ValueError(f"cannot be decoded: {_message(error)}") from error


def metadata_of(image: Image.Image) -> Metadata:
    """The metadata of an opened image, without damaged parts."""
    return Metadata(
        icc=_bytes(image.info.get("icc_profile")),
        exif=exif_of(image),
        xmp=_bytes(image.info.get("xmp")),
        dpi=dpi_of(image),
        comment=_text(image.info.get("comment") or image.info.get("Comment")),
    )


def exif_of(image: Image.Image) -> bytes | None:
    """The EXIF structure exactly as the file, or a text chunk of a PNG, contains it."""
    raw = image.info.get("exif")
    if isinstance(raw, bytes):
        return raw.removeprefix(_EXIF_PREFIX) or None
    if "Raw profile type exif" not in image.info:
        # Pillow would create one from the orientation in the XMP.
        return None
    try:
        return image.getexif().tobytes().removeprefix(_EXIF_PREFIX) or None
    except Exception:  # noqa: BLE001  damaged metadata is not a reason to refuse a picture
        return None


def dpi_of(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch; None if the image has none or they are out of range."""
    try:
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 0 < x < _MAX_DPI and 0 < y < _MAX_DPI else None


def orientation_of(exif: bytes | None) -> int:
    """The orientation in an EXIF structure: 1 is upright."""
    if exif is None:
        return 1
    try:
        parts = parse(exif.removeprefix(_EXIF_PREFIX))
    except ValueError:  # as above
        return 1
    value = integer_in(parts.pages[0] if parts.pages else (), _ORIENTATION_TAG, parts.order, 1)
    return value if 1 <= value <= 8 else 1


def orientation_exif(exif: bytes | None) -> bytes | None:
    """An EXIF structure with the orientation of ``exif`` alone; None if the picture is upright."""
    orientation = orientation_of(exif)
    if orientation == 1:
        return None
    tags = Image.Exif()
    tags[_ORIENTATION_TAG] = orientation
    return tags.tobytes().removeprefix(_EXIF_PREFIX)


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) and value else None


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) and value else None


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__
