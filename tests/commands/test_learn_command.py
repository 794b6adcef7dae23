"""``kquant palette learn``: from folders of pictures to a palette file."""

from __future__ import annotations

import json
import sys
import time

import pytest
from drawings import bouncing
from files import crash
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import Palette, learn_palette
from kquant_hooks.assets import sharing
from kquant_hooks.assets.sharing import count_file
from kquant_hooks.cli import main


@pytest.fixture
def sprites(tmp_path, monkeypatch):
    """The current folder, with pictures in ``sprites`` and its folders."""
    monkeypatch.chdir(tmp_path)
    for number in range(6):
        path = tmp_path / "sprites" / ("more" if number % 2 else ".") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_photo(24 + number, 20, seed=number).save(path)
    return tmp_path


def pictures(folder) -> list[Image.Image]:
    return [Image.open(path).copy() for path in sorted((folder / "sprites").rglob("*.png"))]


def test_a_folder(sprites, capsys):
    assert main(["palette", "learn", "sprites/", "-c", "32", "-o", "sprites.gpl"]) == 0
    assert capsys.readouterr().out == "6 pictures -> sprites.gpl  32 colours\n"
    assert Palette.load("sprites.gpl") == learn_palette(pictures(sprites), 32)
    assert main(["palette", "learn", "sprites/", "-c", "32", "-o", "sprites.gpl"]) == 0


def test_json(sprites, capsys):
    assert main(["palette", "learn", "sprites", "missing.png", "-c", "4", "-o", "a.hex", "--json"]) == 3
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["path"], first["status"]) == ("missing.png", "failed")
    colors = list(Palette.load("a.hex").hex())
    assert second == {"path": "a.hex", "pictures": 6, "colors": colors}


def test_options(sprites, capsys):
    learn = ["palette", "learn", "sprites", "-c", "8", "--equal-weight", "--fixed", "#f0f", "--order", "hue"]
    assert main([*learn, "-o", "a.hex"]) == 0
    options = {"equal_weight": True, "fixed": ["#f0f"], "order": "hue"}
    assert Palette.load("a.hex") == learn_palette(pictures(sprites), 8, **options)


def test_what_it_learns_serves_the_other_commands(sprites, capsys):
    assert main(["palette", "learn", "sprites", "-c", "16", "-o", "sprites.json"]) == 0
    command = ["quantize", "sprites", "--palette", "sprites.json", "--in-place"]
    assert main(command) == 0
    shown = {color for image in pictures(sprites) for _, color in image.convert("RGB").getcolors()}
    assert shown <= set(Palette.load("sprites.json"))
    assert main([*command[:-1], "--check"]) == 0


@pytest.mark.parametrize("extension", ["css", "hex", "png", "json", "act"])
def test_a_second_run_changes_nothing_and_another_palette_stays(sprites, extension, capsys):
    learn = ["palette", "learn", "sprites", "-o", f"out.{extension}", "-c"]
    assert main([*learn, "5"]) == 0
    before = (sprites / f"out.{extension}").read_bytes()
    assert main([*learn, "5"]) == 0
    capsys.readouterr()
    assert main([*learn, "6"]) == 2
    assert "already exists with different content; use --force to overwrite it" in capsys.readouterr().err
    assert (sprites / f"out.{extension}").read_bytes() == before
    assert main([*learn, "6", "--force"]) == 0
    assert (sprites / f"out.{extension}").read_bytes() != before


def test_a_format_without_alpha_gets_the_visible_colours(sprites, capsys):
    draw_translucent().save("sprites/soft.png")
    learn = ["palette", "learn", "sprites", "-c", "16", "-o"]
    assert main([*learn, "a.gpl", "--alpha", "hard"]) == 0
    assert "15 colours, without the transparent one" in capsys.readouterr().out
    assert len(Palette.load("a.gpl")) == 15
    assert main([*learn, "a.hex", "--alpha", "hard"]) == 0
    assert Palette.load("a.hex").hex()[0] == "#00000000"
    # Translucent colours cannot be left out.
    assert main([*learn, "b.gpl"]) == 3
    expected = "have translucent pixels; use --alpha hard or another extension: .hex, .txt"
    assert expected in capsys.readouterr().err
    assert not (sprites / "b.gpl").exists()


def test_pictures_that_cannot_be_read(sprites, capsys):
    (sprites / "sprites" / "damaged.png").write_bytes((sprites / "sprites" / "0.png").read_bytes()[:200])
    (sprites / "sprites" / "empty.png").touch()
    assert main(["palette", "learn", "sprites", "missing.png", "-c", "8", "-o", "a.hex"]) == 3
    told = capsys.readouterr()
    assert {line.split(": ")[1] for line in told.err.splitlines()} == {
        "sprites/damaged.png",
        "sprites/empty.png",
        "missing.png",
    }
    assert "6 pictures -> a.hex  8 colours" in told.out
    assert main(["palette", "learn", "missing.png", "-c", "8", "-o", "b.hex"]) == 3
    assert "there are no pixels to learn a palette from" in capsys.readouterr().err
    assert not (sprites / "b.hex").exists()


def test_all_frames_count(sprites, capsys):
    first, *others = bouncing("RGB", 4)
    first.save("moving.png", save_all=True, append_images=others, duration=50)
    assert main(["palette", "learn", "moving.png", "-c", "12", "-o", "a.hex"]) == 0
    assert Palette.load("a.hex") == learn_palette([first, *others], 12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-c", "300", "-o", "a.gpl"], "colors=300 is outside 1..256"),
        (["-c", "8", "-o", "a.xyz"], "a.xyz: '.xyz' is not an extension of palette files"),
        (["-c", "2", "--fixed", "#000,#fff,#f00", "-o", "a.gpl"], "fixed has 3 colours, more than colors=2"),
    ],
)
def test_wrong_usage(sprites, arguments, message, capsys):
    assert main(["palette", "learn", "sprites", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(sprites.glob("a.*"))


def test_an_interrupt_writes_nothing(sprites, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kquant_hooks.commands.palette.learn.count_each", interrupted)
    assert main(["palette", "learn", "sprites", "-o", "a.gpl"]) == 130
    assert "interrupted; 0 of 6 pictures were read, and nothing was written" in capsys.readouterr().err
    assert not (sprites / "a.gpl").exists()


def _hang_or_die(path, *_arguments, **_options):
    if path.name == "2.png":
        time.sleep(1000)
    if path.name == "3.png":
        crash()
    return count_file(path, *_arguments, **_options)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_pictures_that_take_too_long_or_crash_fail_alone(sprites, capsys, monkeypatch):
    monkeypatch.setattr(sharing, "count_file", _hang_or_die)
    assert main(["palette", "learn", "sprites", "-c", "8", "--timeout", "8s", "-o", "a.gpl"]) == 3
    said = capsys.readouterr()
    assert "it took more than timeout=8s; a higher limit may help" in said.err
    assert "the process that decoded it crashed (SIGSEGV)" in said.err
    assert "4 pictures -> a.gpl" in said.out


def test_a_folder_that_may_not_be_written_to(sprites, capsys):
    assert main(["palette", "learn", "sprites", "-c", "4", "-o", "nowhere/a.gpl"]) == 3
    assert "nowhere/a.gpl: cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_palette_image_among_the_pictures_is_ignored(sprites, capsys):
    learn = ["palette", "learn", "sprites", "-c", "8", "-o", "sprites/strip.png"]
    assert main(learn) == 0
    before = (sprites / "sprites" / "strip.png").read_bytes()
    assert main(learn) == 0
    assert (sprites / "sprites" / "strip.png").read_bytes() == before
