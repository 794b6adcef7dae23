"""Every mode and profile, from and to each format: it works, or a sentence says why not."""

from __future__ import annotations

import io

import pytest
from drawings import PROFILE, saved
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import Palette
from kquant_hooks.assets.convert import convert
from kquant_hooks.assets.judge import Skip, Unchanged
from kquant_hooks.formats.table import written_formats
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

WIDTH, HEIGHT = 16, 12
CASES = [
    *(("1", format_name) for format_name in ("PNG", "TIFF", "PPM", "BMP", "GIF")),
    *(("L", format_name) for format_name in ("PNG", "TIFF", "PPM", "BMP", "GIF", "JPEG", "WEBP")),
    *(("LA", format_name) for format_name in ("PNG", "TIFF", "WEBP")),
    *(("P", format_name) for format_name in ("PNG", "TIFF", "BMP", "GIF")),
    *(("RGB", format_name) for format_name in ("PNG", "TIFF", "PPM", "BMP", "GIF", "JPEG", "WEBP", "TGA")),
    *(("RGBA", format_name) for format_name in ("PNG", "TIFF", "WEBP", "TGA")),
    *((mode, format_name) for mode in ("CMYK", "YCbCr") for format_name in ("TIFF", "JPEG")),
    *((mode, "TIFF") for mode in ("LAB", "I", "F")),
    *(("I;16", format_name) for format_name in ("PNG", "TIFF")),
]
LEARNED = Settings(4, effort="fast")
HARD = Settings(4, effort="fast", alpha="hard")
GRAYS = Settings(palette=Palette(["#000", "#888", "#fff"]))
COLORS = Settings(palette=Palette(["#000", "#f00", "#fff"]))
# The possible reasons for a refusal; any other is a bug.
SENTENCES = (
    " cannot hold transparency; give another format, such as PNG",
    "cannot hold translucent colours; give another format, such as PNG, or --alpha hard",
    "cannot hold a palette; write a new file, such as a PNG",
    " levels have no scale; convert them to 'L' or 'I;16' first",
    " colours would become RGB; write a new file instead",
    " files can be read but not written; write a new file, such as a PNG",
    "its profile is for grey levels, but the palette has colours",
    " cannot hold the colours of this palette",
)


def picture(mode: str) -> Image.Image:
    if mode in ("LA", "RGBA"):
        return draw_translucent(WIDTH, HEIGHT).convert(mode)
    if mode == "I;16":
        levels = (340 * number for number in range(WIDTH * HEIGHT))
        return Image.frombytes(mode, (WIDTH, HEIGHT), b"".join(n.to_bytes(2, "little") for n in levels))
    photo = draw_photo(WIDTH, HEIGHT)
    if mode == "P":
        return photo.quantize(64)
    return Image.merge("LAB", photo.split()) if mode == "LAB" else photo.convert(mode)


@pytest.mark.parametrize("space", [None, b"RGB ", b"GRAY", b"CMYK", b"junk"])
@pytest.mark.parametrize(("mode", "format_name"), CASES)
def test_each_combination_works_or_is_refused_by_a_sentence(mode, format_name, space):
    profile = PROFILE[:16] + space + PROFILE[20:] if space else None
    data = saved(picture(mode), format_name, lossless=True, icc_profile=profile)
    more = [HARD] if "A" in mode else []
    for settings in (LEARNED, *more, *([GRAYS, COLORS] if space == b"GRAY" else [])):
        for target in (None, *(row.name for row in written_formats())):
            try:
                result = convert(data, settings, Policy(), target)
            except Unchanged:
                continue
            except (Skip, ValueError) as error:
                assert [words for words in SENTENCES if words in str(error)], error  # noqa: PT017  one of many
                continue
            with Image.open(io.BytesIO(result.data)) as image:
                image.load()
                assert len(image.convert("RGBA").getcolors()) <= 4
                if mode in ("1", "L", "LA", "I;16") and format_name in ("PNG", "TIFF", "JPEG"):
                    check_profile(image, space, settings)


def check_profile(image: Image.Image, space: bytes | None, settings: Settings) -> None:
    """A grey profile is kept only with grey levels."""
    kept = image.info.get("icc_profile", b"")[16:20]
    if kept == b"GRAY":
        assert space == b"GRAY"
        assert image.mode in ("1", "L", "LA")
    elif space == b"GRAY" and image.format in ("PNG", "TIFF"):
        assert settings is COLORS
