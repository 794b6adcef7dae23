"""One image file in, one indexed PNG out."""

from __future__ import annotations

import io
import stat
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from kquant_hooks.assets.atomic import replace_bytes
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.images.quantize import Quantized, quantize_with
from kquant_hooks.quantizer.settings import Settings


def quantize_file(source: Path, target: Path, settings: Settings) -> Outcome:
    """Quantize an image file to an indexed PNG; ``target`` is written whole or not at all.

    Raises
    ------
    OSError, ValueError
        With one sentence, for a source that is not a readable still image and for a target that cannot be
        written.
    """
    data = _read(source)
    image = _decode(source, data)
    quantized = quantize_with(image, settings)
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
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels and refuses from 179; the warning would be read by nobody.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.load()
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is not an image in a known format") from error
    except Exception as error:
        raise ValueError(f"cannot decode {path}: {error}") from error
    # The further frames of an MPO, which phones write as .jpg, are previews and depth maps.
    frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1
    if frames > 1:
        raise ValueError(f"{path} has {frames} frames; only still images can be quantized")
    return image


def _encode(quantized: Quantized, source: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # Orientation is in the EXIF data: without it photos lie on their side. Pillow writes it only if told.
    exif = source.getexif().tobytes()
    quantized.image.save(buffer, "PNG", exif=exif or None, dpi=source.info.get("dpi"))
    return buffer.getvalue()
