"""``kquant hook``: what pre-commit starts, in this process."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from drawings import FILES, saved
from files import colors_in, contents, picture_at
from photos import draw_photo
from PIL import Image

from kquant_hooks.cli import main

pytestmark = pytest.mark.usefixtures("repository")


def test_a_file_with_too_many_colours_is_rewritten_once(capsys):
    picture_at("assets/hero.png")
    assert main(["hook", "assets/hero.png"]) == 1
    line, following = capsys.readouterr().out.splitlines()
    assert line.startswith("assets/hero.png  ")
    assert " -> 256 colours  " in line
    assert following == "next: git add -- assets/hero.png"
    assert colors_in("assets/hero.png") == 256
    before = contents(Path("assets"))
    assert main(["hook", "assets/hero.png"]) == 0
    assert capsys.readouterr() == ("", "")
    assert contents(Path("assets")) == before


def test_the_check_has_the_same_verdict_and_writes_nothing(capsys):
    picture_at("a.png")
    picture_at("b.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    before = contents(Path())
    assert main(["hook", "--check", "a.png", "b.png"]) == 1
    captured = capsys.readouterr()
    assert "(not written)" in captured.out
    assert "git add" not in captured.out
    assert "kquant hook" in captured.out
    assert contents(Path()) == before
    assert main(["hook", "--check", "b.png"]) == 0
    assert main(["hook", "a.png", "b.png"]) == 1
    assert main(["hook", "--check", "a.png", "b.png"]) == 0


def test_rules_and_flags(capsys):
    for name in ("sprites/a.png", "photos/a.png", "a.png"):
        picture_at(name)
    Path(".kquant.yaml").write_text(
        "colors: 9\nrules:\n- files: sprites/**\n  palette: ['#000', '#fff']\n"
        "- files: photos/**\n  skip: true\n"
    )
    names = ["sprites/a.png", "photos/a.png", "a.png"]
    assert main(["hook", *names]) == 1
    assert "photos/a.png  skipped: .kquant.yaml: $.rules[1].skip is true\n" in capsys.readouterr().out
    with Image.open("sprites/a.png") as image:
        assert {color for _, color in image.convert("RGB").getcolors()} == {(0, 0, 0), (255, 255, 255)}
    assert colors_in("a.png") == 9
    assert colors_in("photos/a.png") > 1000
    assert main(["hook", *names]) == 0
    assert main(["hook", "--colors", "4", *names]) == 1
    assert colors_in("a.png") == 4


def test_a_broken_file_neither_hides_nor_stops_the_others(capsys):
    picture_at("a.png")
    picture_at("broken.png", saved(draw_photo(), "PNG")[:-40])
    picture_at("z.png")
    assert main(["hook", "a.png", "broken.png", "z.png"]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("kquant: broken.png: ")
    assert captured.err.count("\n") == 1
    assert captured.out.splitlines()[-1] == "next: git add -- a.png z.png"
    assert main(["hook", "a.png", "z.png"]) == 0


ODD = {
    "lfs.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "empty.png": b"",
    "text.png": b"hello\n",
    "photo.png": saved(draw_photo(), "JPEG"),
}


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("lfs.png", 0, "lfs.png  skipped: it is a Git LFS pointer, not an image; run 'git lfs pull'"),
        ("empty.png", 3, "kquant: empty.png: it is empty"),
        ("text.png", 3, "kquant: text.png: not an image in a known format"),
        ("photo.png", 0, "photo.png  skipped: JPEG cannot hold a palette; write a new file, such as a PNG"),
        ("missing.png", 3, "kquant: missing.png: cannot be read: No such file or directory"),
        (".", 3, "kquant: .: it is a folder"),
    ],
)
def test_what_only_looks_like_an_image_is_one_line(name, code, line, capsys):
    for odd, data in ODD.items():
        picture_at(odd, data)
    before = contents(Path())
    assert main(["hook", name]) == code
    captured = capsys.readouterr()
    assert captured.out + captured.err == f"{line}\n"
    assert contents(Path()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_links_and_pipes(capsys):
    picture_at("a.png")
    before = Path("a.png").read_bytes()
    Path("link.png").symlink_to("a.png")
    os.mkfifo("pipe.png")
    assert main(["hook", "link.png"]) == 0
    assert "skipped: it is a symbolic link" in capsys.readouterr().out
    assert main(["hook", "pipe.png"]) == 3
    assert capsys.readouterr().err == "kquant: pipe.png: it is not a regular file\n"
    assert Path("a.png").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="modes of Unix")
def test_the_mode_stays():
    picture_at("a.png").chmod(0o755)
    assert main(["hook", "a.png"]) == 1
    assert stat.S_IMODE(Path("a.png").stat().st_mode) == 0o755


def test_a_file_given_twice_is_done_once(capsys):
    picture_at("a.png")
    assert main(["hook", "a.png", "a.png"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_without_files_there_is_nothing_to_do(capsys):
    assert main(["hook"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_second_run_passes_whatever_the_format(name):
    path = picture_at(name, FILES[name]())
    assert main(["hook", "--colors", "5", name]) in (0, 1)
    before = path.read_bytes()
    assert main(["hook", "--colors", "5", name]) == 0
    assert path.read_bytes() == before


def test_unchanged_files_are_said_if_asked_for(capsys):
    picture_at("few.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    assert main(["hook", "-v", "few.png"]) == 0
    assert capsys.readouterr().out == "few.png  unchanged: it has 1 colour\n"


def test_quiet_says_failures_only(capsys):
    picture_at("a.png")
    picture_at("empty.png", b"")
    assert main(["hook", "-q", "a.png", "empty.png"]) == 3
    assert capsys.readouterr() == ("", "kquant: empty.png: it is empty\n")


def test_programs_read_json(capsys):
    picture_at("a.png")
    picture_at("few.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    assert main(["hook", "--json", "a.png", "few.png"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ['"status": "rewritten"' in lines[0], '"status": "unchanged"' in lines[1]] == [True, True]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colors", "300"], "colors=300 is outside 1..256"),
        (["--jobs", "0"], "--jobs 0: expected an integer of at least 1"),
        (["--config", "none.yaml"], "none.yaml: the file does not exist"),
        (["--config", ""], ".: cannot be read: Is a directory"),
        (
            ["--min-savings", "9" * 400 + "KiB"],
            f"min-savings='{'9' * 400}KiB': expected a size such as 1KiB or a share such as 5%",
        ),
        (["--colors", "auto"], "colors='auto' needs a limit to meet; use max-error or min-psnr"),
    ],
)
def test_wrong_flags_are_one_line_and_nothing_is_written(arguments, message, capsys):
    before = picture_at("a.png").read_bytes()
    assert main(["hook", *arguments, "a.png"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"kquant: {message}\n")
    assert Path("a.png").read_bytes() == before


def test_wrong_flags_are_wrong_without_files_too(capsys):
    assert main(["hook", "--colors", "300"]) == 2
    assert capsys.readouterr().err == "kquant: colors=300 is outside 1..256\n"


@pytest.mark.parametrize(("kind", "mode"), [("pgm", "L"), ("pbm", "1")])
def test_a_palette_that_the_format_cannot_hold_is_a_reason_to_skip(kind, mode, capsys):
    path = picture_at(f"a.{kind}", saved(draw_photo().convert(mode), "PPM"))
    before = path.read_bytes()
    assert main(["hook", "--palette", "#f00,#00f", str(path)]) == 0
    assert f"skipped: {kind.upper()} cannot hold the colours of this palette" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_the_check_knows_what_cannot_be_written(capsys):
    picture_at("a.png")
    # Read-only, which holds for an administrator too: somebody has made it that.
    Path("a.png").chmod(0o444)
    for flags in ([], ["--check"]):
        assert main(["hook", *flags, "a.png"]) == 3
        assert capsys.readouterr().err == "kquant: a.png: cannot be written: Permission denied\n"
