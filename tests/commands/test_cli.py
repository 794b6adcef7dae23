"""``kquant quantize``, as a process and by its ``main``."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import colors_of
from PIL import Image

from kquant_hooks import quantize
from kquant_hooks.cli import main
from kquant_hooks.documents.opening import dpi_of
from kquant_hooks.options.policy import POLICY_OPTIONS
from kquant_hooks.options.settings import OPTIONS


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


SUFFIXES = ["jpg", "png", "bmp", "gif", "tiff", "webp", "ppm"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_formats_go_in_and_an_indexed_png_comes_out(suffix, photo, tmp_path, capsys):
    source, target = tmp_path / f"photo.{suffix}", tmp_path / "out.png"
    photo.save(source)
    assert main(["quantize", str(source), "--colors", "5", "-o", str(target)]) == 0
    with Image.open(target) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "P", photo.size)
        assert len(colors_of(image.convert("RGB"))) == 5
    captured = capsys.readouterr()
    sizes = r"[\d.]+ KiB -> [\d.]+ (Ki)?B  [+-][\d.]+ %"
    pattern = rf"{source} -> {target}  {sizes}  [\d ]+ -> 5 colours  PSNR [\d.]+ dB\n"
    assert re.fullmatch(pattern, captured.out)
    assert captured.err == ""


@pytest.mark.parametrize(
    "command", [[Path(sys.executable).with_name("kquant")], [sys.executable, "-m", "kquant_hooks"]]
)
def test_as_a_process(command, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    result = subprocess.run(
        [*command, "quantize", "photo.png", "-c", "4", "-o", "out.png"], cwd=tmp_path, capture_output=True
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert names_in(tmp_path) == ["out.png", "photo.png"]


def test_the_same_as_the_library(photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    arguments = ["-c", "9", "--effort", "best", "--order", "population", "--max-iter", "none"]
    main(["quantize", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out.png"), *arguments])
    expected = quantize(photo, 9, effort="best", order="population").image
    with Image.open(tmp_path / "out.png") as image:
        assert image.tobytes() == expected.tobytes()
        assert image.getpalette() == expected.getpalette()


def test_a_palette_of_hex_colours(photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    target = tmp_path / "out.png"
    assert main(["quantize", str(tmp_path / "photo.png"), "--palette", "#000,#fff", "-o", str(target)]) == 0
    with Image.open(target) as image:
        assert colors_of(image.convert("RGB")) == {(0, 0, 0), (255, 255, 255)}


def test_an_image_with_few_colours_says_so(tmp_path, capsys):
    Image.new("RGB", (4, 4)).save(tmp_path / "black.png")
    assert main(["quantize", str(tmp_path / "black.png"), "-o", str(tmp_path / "out.png")]) == 0
    assert capsys.readouterr().out.endswith(
        "copied: it has 1 colour, and re-encoding would not make it smaller\n"
    )
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "black.png").read_bytes()


def test_orientation_profile_and_resolution_survive(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(tmp_path / "photo.jpg", exif=exif, dpi=(300, 300), icc_profile=b"a profile")
    main(["quantize", str(tmp_path / "photo.jpg"), "-c", "8", "-o", str(tmp_path / "out.png")])
    with Image.open(tmp_path / "out.png") as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["icc_profile"] == b"a profile"
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_inks_are_converted(photo, tmp_path):
    photo.convert("CMYK").save(tmp_path / "inks.jpg", icc_profile=b"a profile of inks")
    assert main(["quantize", str(tmp_path / "inks.jpg"), "-c", "8", "-o", str(tmp_path / "out.png")]) == 0
    with Image.open(tmp_path / "out.png") as image:
        assert "icc_profile" not in image.info


@pytest.mark.parametrize("exif", [b"garbage!", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"])
def test_damaged_metadata_is_left_out_silently(photo, exif, tmp_path):
    photo.save(tmp_path / "photo.png", exif=exif)
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "photo.png", "-o", "out.png"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("dpi", [(4294967295, 1), (0, 0), (float("nan"), 72), "x"])
def test_impossible_resolutions_are_left_out(photo, dpi, monkeypatch):
    photo.info["dpi"] = dpi
    assert dpi_of(photo) is None


def test_a_tiff_does_not_describe_its_pixels_in_the_png(photo, tmp_path):
    photo.save(tmp_path / "photo.tiff")
    main(["quantize", str(tmp_path / "photo.tiff"), "-o", str(tmp_path / "out.png")])
    with Image.open(tmp_path / "out.png") as image:
        assert not set(image.getexif()) & {256, 257, 258, 273, 277, 279}


@pytest.mark.skipif(sys.platform != "linux", reason="pictures are cut at random, which need not be repeated")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_and_spoilt_files_never_end_in_a_traceback(suffix, photo, tmp_path, capsys):
    photo.save(tmp_path / f"whole.{suffix}")
    whole = (tmp_path / f"whole.{suffix}").read_bytes()
    rng = np.random.default_rng(5)
    path = tmp_path / f"spoilt.{suffix}"
    for _ in range(60):
        spoilt = bytearray(whole[: rng.integers(1, len(whole))] if rng.random() < 0.4 else whole)
        for place in rng.integers(0, min(len(spoilt), 300), 3):
            spoilt[place] = rng.integers(256)
        path.write_bytes(spoilt)
        assert main(["quantize", str(path), "-vfc4", "-o", str(tmp_path / "out.png")]) in (0, 3)
        captured = capsys.readouterr()
        assert captured.out.count("\n") + captured.err.count("\n") == 1


def test_a_link_is_followed_and_a_pipe_left_alone(photo, tmp_path, capsys):
    photo.save(tmp_path / "photo.png")
    (tmp_path / "target.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("target.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert main(["quantize", str(tmp_path / "photo.png"), "-f", "-o", str(tmp_path / "link.png")]) == 0
    assert (tmp_path / "link.png").is_symlink()
    with Image.open(tmp_path / "target.png") as image:
        assert image.mode == "P"
    assert main(["quantize", str(tmp_path / "photo.png"), "-f", "-o", str(tmp_path / "pipe.png")]) == 3
    assert "Not a regular file" in capsys.readouterr().err
    assert stat.S_ISFIFO((tmp_path / "pipe.png").stat().st_mode)


def test_names_cannot_break_the_line(tmp_path, capsys):
    assert main(["quantize", str(tmp_path / "a\nb\x1b[31m.png"), "-o", "out.png"]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert "\x1b" not in capsys.readouterr().err


def test_a_closed_pipe_is_no_error(photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "photo.png", "-o", "out.png"]
    result = subprocess.run(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")
    assert names_in(tmp_path) == ["out.png", "photo.png"]


def test_writing_onto_the_source_keeps_its_mode(photo, tmp_path):
    path = tmp_path / "photo.png"
    photo.save(path)
    path.chmod(0o640)
    assert main(["quantize", str(path), "-c", "3", "--in-place"]) == 0
    with Image.open(path) as image:
        assert image.mode == "P"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names_in(tmp_path) == ["photo.png"]


def test_a_new_file_gets_the_usual_mode(photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    (tmp_path / "plain").touch()
    main(["quantize", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out.png")])
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_names_of_all_kinds(photo, tmp_path):
    for name in ("with space.png", "-dash.png", "neue\nzeile.png", "ümlaut.png", "<b>.png"):
        photo.save(tmp_path / name)
        command = [sys.executable, "-m", "kquant_hooks", "quantize", "-o", f"out {name}", "--", name]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True)
        assert (result.returncode, result.stderr) == (0, b""), name


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text(photo, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    photo.save(path, "PNG")
    command = [sys.executable, "-m", "kquant_hooks", "quantize", path, "-o", "out.png"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")


def broken_files(folder):
    photo = Image.effect_noise((64, 64), 50)
    photo.save(folder / "good.png")
    whole = (folder / "good.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("this is no image\n")
    Image.new("F", (3, 3)).save(folder / "floats.tiff")
    os.mkfifo(folder / "pipe")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no pipes with names")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.png", "missing.png: cannot be read: No such file or directory"),
        ("pipe", "pipe: it is not a regular file"),
        ("text.png", "text.png: not an image in a known format"),
        ("empty.png", "empty.png: it is empty"),
        ("truncated.png", "truncated.png: cannot be decoded: "),
        ("floats.tiff", "floats.tiff: its 'F' levels have no scale; convert them to 'L' or 'I;16' first"),
    ],
)
def test_bad_sources_are_one_line_and_code_3(name, message, tmp_path, capsys):
    broken_files(tmp_path)
    before = names_in(tmp_path)
    assert main(["quantize", str(tmp_path / name), "-o", str(tmp_path / "out.png")]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(rf"kquant: .*{message}.*\n", captured.err)
    assert names_in(tmp_path) == before


def test_unwritable_targets_are_one_line_and_code_3(photo, tmp_path, capsys):
    photo.save(tmp_path / "photo.png")
    (tmp_path / "file").touch()
    assert main(["quantize", str(tmp_path / "photo.png"), "-o", str(tmp_path / "file/out.png")]) == 3
    assert re.fullmatch(r"kquant: .*photo.png: cannot be written: .*\n", capsys.readouterr().err)
    assert names_in(tmp_path) == ["file", "photo.png"]


def test_a_full_disk_leaves_the_target_as_it_was(photo, tmp_path, capsys, monkeypatch):
    photo.save(tmp_path / "photo.png")
    target = tmp_path / "out.png"
    target.write_bytes(b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["quantize", str(tmp_path / "photo.png"), "-f", "-o", str(target)]) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["out.png", "photo.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colors", "300"], "colors=300 is outside 1..256"),
        (["--colors", "many"], "colors='many': expected an integer from 1 to 256"),
        (["--tol", "2"], "tol=2.0 is outside 0..1"),
        (["--init", "magic"], "init='magic': expected one of wu"),
        (["--palette", "#zzz"], "palette: '#zzz' is neither a readable file (No such"),
        (["--min-savings", "much"], "min-savings='much': expected a size such as 1KiB or a share such as 5%"),
        (["--jobs", "0"], "--jobs 0: expected an integer of at least 1"),
        (["--colors", "auto"], "colors='auto' needs a limit to meet"),
    ],
)
def test_wrong_options_are_one_line_and_code_2(arguments, message, capsys):
    assert main(["quantize", "photo.png", "-o", "out.png", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert message in captured.err


@pytest.mark.parametrize(
    "arguments", [["quantize"], ["quantize", "a", "--check", "--in-place"], ["compress"]]
)
def test_wrong_usage_is_code_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_names_every_option_and_ends_with_examples(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["quantize", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for name in OPTIONS | POLICY_OPTIONS:
        assert "--" + name.replace("_", "-") in text
    assert "examples:\n  kquant quantize photo.jpg --colors 5 " in text
