"""One asset on disk: what decides, what is verified, what gates a result, and its order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawings import FILES, animated, saved
from files import (
    rewrite,
    state,
)
from helpers import colors_of, squared_error
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import Palette, quantize
from kquant_hooks.assets import convert
from kquant_hooks.assets.process import process
from kquant_hooks.documents.codec import codec_of
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Pixels decide, never bytes.


def test_few_colours_are_left_in_a_container_that_is_larger_than_needed(tmp_path):
    path = tmp_path / "flat.png"
    Image.new("RGB", (300, 300), "red").save(path, compress_level=0)
    before = state(tmp_path)
    assert rewrite(path, 1).status == "unchanged"
    assert state(tmp_path) == before


def test_hidden_colours_under_alpha_0_count_as_one(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 20, 4), np.uint8)
    pixels[:, :, 3] = 0
    pixels[:4, :, :] = [[[10, 20, 30, 255]], [[40, 50, 60, 255]], [[70, 80, 90, 255]], [[1, 2, 3, 255]]]
    path = tmp_path / "hidden.png"
    Image.fromarray(pixels).save(path)
    assert rewrite(path, 5).status == "unchanged"
    assert rewrite(path, 4).status == "rewritten"


def test_an_indexed_png_is_judged_from_its_header(tmp_path, monkeypatch):
    path = tmp_path / "icon.png"
    draw_photo().quantize(16).save(path)
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("it was decoded"))
    assert rewrite(path, 16).reason == "its palette has 16 colours"
    with pytest.raises(pytest.fail.Exception):
        rewrite(path, 15)


# What is written has been read back and compared.


def spoilt(name: str, monkeypatch, spoil) -> None:
    """Let the codec of a format make a mistake."""
    codec = codec_of(name)
    write = codec.write
    writer = lambda document, images, encoding: write(*spoil(document, list(images)), encoding)  # noqa: E731
    monkeypatch.setattr(codec, "write", writer)


def other_pixel(document, images):
    last = images[-1].copy()
    last.putpixel((10, 10), (last.getpixel((10, 10)) + 1) % 5)
    return document, [*images[:-1], last]


def other_timing(document, images):
    frames = (*document.frames[:-1], replace(document.frames[-1], milliseconds=5))
    return replace(document, frames=frames, format="another"), images


def without_last(document, images):
    return replace(document, frames=document.frames[:-1]), images[:-1]


def other_loop(document, images):
    return replace(document, loop=7, format="another"), images


def other_disposal(document, images):
    return replace(
        document, frames=tuple(replace(frame, dispose="none") for frame in document.frames)
    ), images


def clear_where_it_was_opaque(document, images):
    images[-1].paste(0, (0, 0, *images[-1].size))
    return document, images


@pytest.mark.parametrize(
    ("name", "format_name", "spoil", "reason"),
    [
        ("rgb.png", "PNG", other_pixel, "pixels differ"),
        ("animated.png", "PNG", without_last, "the result's number of frames is 3, expected 4"),
        ("background.gif", "GIF", other_timing, "the result's declared timing is"),
        ("animated.webp", "WebP", other_loop, "the result's declared loop is 7, expected 3"),
        ("animated.webp", "WebP", clear_where_it_was_opaque, "pixels differ"),
        ("animated-over.png", "PNG", other_disposal, "transparency in frame 3 differs"),
        ("pages.tiff", "TIFF", without_last, "frames|kind"),
    ],
)
def test_a_wrong_result_is_never_written(name, format_name, spoil, reason, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    spoilt(format_name, monkeypatch, spoil)
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == "failed"
    assert any(word in outcome.reason for word in reason.split("|")), outcome.reason
    assert state(tmp_path) == before


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
def test_a_result_that_is_cut_off_is_never_written(cut, photo_file, tmp_path, monkeypatch):
    codec = codec_of("PNG")
    write = codec.write
    monkeypatch.setattr(
        codec, "write", lambda *arguments: (data := write(*arguments))[: int(cut * len(data))]
    )
    before = state(tmp_path)
    assert rewrite(photo_file).reason.startswith("the result ")
    assert state(tmp_path) == before


# What cannot hold a palette.


@pytest.mark.parametrize(
    ("form", "options"),
    [("JPEG", {}), ("AVIF", {}), ("WEBP", {"quality": 80}), ("JPEG2000", {}), ("TGA", {})],
)
def test_what_cannot_hold_a_palette_is_skipped_and_is_a_fine_source(form, options, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(saved(draw_photo(), form, **options))
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == "skipped"
    assert "write a new file" in outcome.reason
    assert state(tmp_path) == before
    target = tmp_path / "out.png"
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        assert (image.format, image.mode, len(colors_of(image.convert("RGB")))) == ("PNG", "P", 5)


def test_an_animated_lossy_webp_becomes_an_animated_png(tmp_path):
    path = tmp_path / "ball.webp"
    path.write_bytes(animated("WEBP", "RGB", lossless=False))
    assert rewrite(path).reason.startswith("lossy WebP cannot hold a palette")
    target = tmp_path / "ball.png"
    assert process(path, Settings(5), Policy(), target=target).figures.frames == 4
    with Image.open(target) as image:
        assert (image.n_frames, image.info["loop"], image.info["duration"]) == (4, 3, 40)


def test_one_palette_serves_all_frames(tmp_path):
    for name, pages in (("pages.tiff", 3), ("background.gif", 4)):
        path = tmp_path / name
        path.write_bytes(FILES[name]())
        rewrite(path, 6)
        with Image.open(path) as image:
            seen = set()
            for page in range(pages):
                image.seek(page)
                seen |= colors_of(image.convert("RGBA"))
        assert len({color for color in seen if color[3]}) + 1 >= 6
        assert len({color if color[3] else () for color in seen}) <= 6


# Gates.


@pytest.mark.parametrize("savings", ["99%", "1MiB", 10**6])
def test_too_small_a_saving_is_not_worth_a_rewrite(savings, photo_file, tmp_path):
    before = state(tmp_path)
    outcome = rewrite(photo_file, min_savings=savings)
    assert outcome.status == "skipped"
    assert "it would shrink by only " in outcome.reason
    assert state(tmp_path) == before
    assert rewrite(photo_file, min_savings="10%").status == "rewritten"


def test_the_palette_is_the_rule_even_if_the_file_grows(tmp_path):
    path = tmp_path / "small.gif"
    image = Image.new("RGB", (2, 1))
    image.putpixel((1, 0), (255, 0, 0))
    image.save(path, "GIF")
    path.write_bytes(path.read_bytes())
    assert rewrite(path, 1).status == "rewritten"


@pytest.mark.parametrize("policy", [{"max_error": 1.0}, {"min_psnr": 50.0}])
def test_too_large_an_error_is_not_written(policy, photo_file, tmp_path):
    before = state(tmp_path)
    outcome = rewrite(photo_file, **policy)
    assert outcome.status == "skipped"
    assert outcome.reason.startswith("its error would be ")
    assert state(tmp_path) == before


def test_auto_finds_the_smallest_palette_that_will_do(photo_file, tmp_path):
    before = Image.open(photo_file).convert("RGB")
    outcome = process(photo_file, Settings(), Policy(min_psnr=30.0, auto_colors=True))
    count = len(outcome.figures.palette)
    assert outcome.figures.psnr >= 30
    assert quantize(before, count - 1).psnr < 30
    assert squared_error(before, Image.open(photo_file)) == pytest.approx(outcome.figures.mse)
    assert process(photo_file, Settings(), Policy(min_psnr=20.0, auto_colors=True)).status == "unchanged"
    draw_photo().save(photo_file)
    unreachable = process(photo_file, Settings(), Policy(min_psnr=90.0, auto_colors=True))
    assert unreachable.status == "skipped"


@pytest.mark.parametrize(
    "options",
    [
        {"min_savings": "1 TiB"},
        {"min_savings": "101%"},
        {"min_savings": -1},
        {"max_error": -1.0},
        {"max_pixels": 0},
        {"format": "jpeg"},
        {"strip": 1},
        {"auto_colors": True},
    ],
)
def test_impossible_policies_are_refused(options):
    with pytest.raises(ValueError, match=r"=|needs"):
        Policy(**options)


# The order of a palette.


def test_an_order_that_a_palette_has_is_kept_else_it_is_by_lightness(tmp_path):
    path = tmp_path / "sprite.png"
    colors = [(200, 0, 0), (10, 10, 10), (255, 255, 255), (0, 90, 0), (201, 1, 1), (11, 11, 11)]
    sprite = Image.frombytes("P", (6, 50), bytes(range(6)) * 50)
    sprite.putpalette([level for color in colors for level in color])
    sprite.save(path)
    rewrite(path, 4)
    with Image.open(path) as image:
        entries = [tuple(image.getpalette()[i : i + 3]) for i in range(0, 12, 3)]
    # Red, grey, white, green, as the two pairs of near colours become one each.
    assert [entry[0] > 100 > entry[1] for entry in entries] == [True, False, False, False]
    assert [entry == (255, 255, 255) for entry in entries] == [False, False, True, False]
    assert entries[3] == (0, 90, 0)
    sprite.convert("RGB").save(path)
    rewrite(path, 4)
    with Image.open(path) as image:
        levels = image.getpalette()
    luma = [299 * levels[i] + 587 * levels[i + 1] + 114 * levels[i + 2] for i in range(0, len(levels), 3)]
    assert luma == sorted(luma)


def test_transparent_comes_first(tmp_path):
    path = tmp_path / "soft.png"
    draw_translucent().save(path)
    rewrite(path, 6)
    with Image.open(path) as image:
        assert image.info["transparency"][0] == 0
        assert len(image.getpalette()) == 18


def test_a_given_palette_keeps_its_order_for_indexed_pictures():
    source = draw_photo().quantize(16)
    palette = Palette(["#ffffff", "#000000", "#808080"])
    result = quantize(source, palette=palette)
    assert result.palette.hex() == palette.hex()
    assert result.image.getpalette()[:9] == [255] * 3 + [0] * 3 + [128] * 3


def test_a_picture_in_the_given_palette_is_unchanged(tmp_path):
    path = tmp_path / "sprite.png"
    quantize(draw_photo(), palette=Palette(["#ffffff", "#000000"])).image.convert("RGB").save(path)
    settings = Settings(palette=Palette(["#000", "#f00", "#fff"]))
    assert process(path, settings, Policy()).status == "unchanged"
    assert process(path, Settings(palette=Palette(["#000", "#f00"])), Policy()).status == "rewritten"
