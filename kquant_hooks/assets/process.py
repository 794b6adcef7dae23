"""One image file in, one indexed PNG out."""

from __future__ import annotations

import io
import stat
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from kquant_hooks.assets.atomic import replace_bytes
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.images.modes import MODES
from kquant_hooks.images.quantize import Quantized, quantize_with
from kquant_hooks.quantizer.settings import Settings

# TIFF's description of its own pixels, which those of a PNG are not.
_LAYOUT_TAGS = (
    254,
    255,
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    323,
    324,
    325,
    338,
)
_MOST_DPI = 1_000_000


def quantize_file(source: Path, target: Path, settings: Settings) -> Outcome:
    """Quantize an image file to an indexed PNG; ``target`` is written whole or not at all.

    Raises
    ------
    OSError, ValueError
        With one sentence, for a source that is not a readable still image and for a target that cannot be
        written.
    """
    data = _read(source)
    with warnings.catch_warnings():
        # Pillow warns of large pictures, which are welcome, and of damaged metadata, which is left out.
        warnings.simplefilter("ignore")
        image = _decode(source, data)
        try:
            quantized = quantize_with(image, settings)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        if quantized.palette is None:
            raise ValueError(f"{source} has no pixels")
        encoded = _encode(quantized, image)
    try:
        replace_bytes(target, encoded)
    except OSError as error:
        raise OSError(f"cannot write {target}: {error.strerror}") from error
    return Outcome(
        source,
        target,
        len(data),
        len(encoded),
        quantized.colors_before,
        quantized.palette,
        quantized.psnr,
    )


def _read(path: Path) -> bytes:
    try:
        # Asked first: merely opening a pipe or a device can block.
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "no regular file"
            raise OSError(f"{path} is {kind}, not an image")
        return path.read_bytes()
    except OSError as error:
        if error.strerror is None:
            raise
        raise OSError(f"cannot read {path}: {error.strerror}") from error


def _decode(path: Path, data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        # The further frames of an MPO, which phones write as .jpg, are previews and depth maps.
        frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is not an image in a known format") from error
    except Exception as error:  # decoders raise almost anything on broken files
        raise ValueError(f"cannot decode {path}: {error}") from error
    if frames > 1:
        raise ValueError(f"{path} has {frames} frames; only still images can be quantized")
    if image.mode not in MODES or MODES[image.mode].indexable:
        return image
    # A profile of inks or of luma would be wrong for the colours that they become.
    converted = image.convert("RGB")
    converted.info.pop("icc_profile", None)
    return converted


def _encode(quantized: Quantized, source: Image.Image) -> bytes:
    buffer = io.BytesIO()
    quantized.image.save(buffer, "PNG", exif=_exif(source), dpi=_dpi(source))
    return buffer.getvalue()


def _exif(source: Image.Image) -> bytes | None:
    """Orientation is there: without it photos lie on their side. Pillow writes it only if told to."""
    try:
        exif = source.getexif()
        for tag in _LAYOUT_TAGS:
            exif.pop(tag, None)
        return exif.tobytes() or None
    except Exception:  # noqa: BLE001  damaged metadata is no reason to refuse a picture
        return None


def _dpi(source: Image.Image) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in source.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if 0 < x < _MOST_DPI and 0 < y < _MOST_DPI else None
