"""``quantize_file``: files quantized from a program."""

from __future__ import annotations

import struct

import pytest
from files import state
from photos import draw_photo
from PIL import Image

from kquant_hooks import Outcome, Palette, quantize, quantize_file


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    draw_photo(64, 48).save(path)
    return path


def test_a_new_file_has_the_pixels_that_quantize_makes(photo, tmp_path):
    target = tmp_path / "new/small.png"
    outcome = quantize_file(str(photo), 16, target=str(target), dither="bayer")
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason, outcome.target) == ("rewritten", "", target)
    with Image.open(photo) as image, Image.open(target) as small:
        wanted = quantize(image, 16, dither="bayer")
        assert small.convert("RGB").tobytes() == wanted.image.convert("RGB").tobytes()
    assert outcome.bytes_after == target.stat().st_size < outcome.bytes_before
    assert set(outcome.figures.palette) == set(wanted.palette)
    assert outcome.figures.colors_before == wanted.colors_before


def test_without_a_target_the_file_is_rewritten_once(photo):
    assert quantize_file(photo, 16).status == "rewritten"
    assert quantize_file(photo, 16).status == "unchanged"
    assert quantize_file(photo, 4, min_psnr=90).status == "skipped"


def test_the_smallest_palette_that_meets_a_limit(photo):
    outcome = quantize_file(photo, "auto", min_psnr=30)
    assert outcome.figures.psnr >= 30
    assert len(outcome.figures.palette) < 256


def test_a_dry_run_and_a_target_that_exists_change_nothing(photo, tmp_path):
    (tmp_path / "other.png").write_bytes(b"mine")
    before = state(tmp_path)
    assert quantize_file(photo, 5, dry_run=True).status == "would-rewrite"
    outcome = quantize_file(photo, 5, target=tmp_path / "other.png")
    assert outcome.status == "failed"
    assert state(tmp_path) == before
    assert quantize_file(photo, 5, target=tmp_path / "other.png", force=True).status == "rewritten"


def test_the_configuration_of_a_repository_is_not_read(photo):
    (photo.parent / ".kquant.yaml").write_text("colors: 2\n")
    assert len(quantize_file(photo, 16).figures.palette) == 16


def test_what_a_file_holds_never_raises(tmp_path):
    for data in (b"", b"nothing", b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "a.png").write_bytes(data)
        assert quantize_file(tmp_path / "a.png", 5).status == "failed"
    assert quantize_file(tmp_path, 5).status == "failed"


def test_pillows_own_limit_holds_and_is_named(tmp_path):
    header = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 20000, 20000, 24, 0)
    (tmp_path / "large.tga").write_bytes(header + bytes(64))
    reason = quantize_file(tmp_path / "large.tga", 5, target=tmp_path / "a.png", max_pixels=10**9).reason
    assert "PIL.Image.MAX_IMAGE_PIXELS" in reason


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"colors": 0}, ValueError, "colors=0 is outside 1..256"),
        ({"colors": "auto"}, ValueError, "colors='auto' needs a limit to meet"),
        ({"palette": Palette(["#000"]), "form": "png"}, TypeError, "no option 'form'; did you mean 'format'"),
        ({"timeout": 5}, TypeError, "no option 'timeout'"),
    ],
)
def test_mistakes_are_raised(options, error, message, photo):
    with pytest.raises(error, match=message):
        quantize_file(photo, **options)
