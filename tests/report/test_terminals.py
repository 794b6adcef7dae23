"""Terminals, pipes and closed streams."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from drawings import FILES, saved
from files import DEADLINE, contents, files_in, run
from photos import draw_photo
from terminals import on_a_terminal

from kquant_hooks import Palette
from kquant_hooks.cli import main


def test_palettes_have_swatches_on_a_true_colour_terminal_only(tmp_path):
    Palette(["#ff8000", "#000"]).save(tmp_path / "mine.gpl")
    arguments = ["show", str(tmp_path / "mine.gpl")]
    shown = on_a_terminal(arguments, "palette", COLORTERM="truecolor")
    assert re.findall(r"\x1b\[38;2;(\d+;\d+;\d+)m\u2588+", shown) == ["255;128;0", "0;0;0"]
    for environment in ({"TERM": "xterm-256color"}, {"COLORTERM": "truecolor", "NO_COLOR": "1"}):
        plain = on_a_terminal(arguments, "palette", **environment)
        assert "#ff8000" in plain
        assert not {"\x1b", "\u2588"} & set(plain)


def test_swatches_on_a_true_colour_terminal_only(assets):
    shown = on_a_terminal(["assets/a.png", "-c", "4"], COLORTERM="truecolor")
    assert len(re.findall(r"\x1b\[38;2;\d+;\d+;\d+m\u2588", shown)) == 4
    assert "\u2588" not in on_a_terminal(["assets/a.png", "-fc4"], TERM="xterm-256color")
    assert "\u2588" not in on_a_terminal(["assets/a.png", "-fc4"], COLORTERM="truecolor", NO_COLOR="1")
    never = ["assets/a.png", "-fc4", "--color", "never"]
    assert "\u2588" not in on_a_terminal(never, COLORTERM="truecolor")
    piped = run(["assets/a.png", "-fc4", "--color", "always"])
    assert len(re.findall(rb"\x1b\[38;2;\d+;\d+;\d+m", piped.stdout)) == 4
    assert b"\x1b" not in run(["assets/a.png", "-fc4"]).stdout


def test_a_progress_bar_once_the_work_lasts(assets):
    for number in range(24):
        (assets / f"{number:02}.png").write_bytes(saved(draw_photo(600, 400, seed=number), "PNG"))
    shown = on_a_terminal(["assets", "-c", "64", "-n", "-j", "1"])
    assert re.search(r"\d+/28", shown)
    assert "saved" in shown
    lines = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]|\r", "", shown)
    assert re.search(r"assets/23\.png -> .* -> 64 colours", lines)


def test_a_picture_is_not_written_to_a_terminal(assets):
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets/a.png", "-o", "-"]
    result = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE, timeout=DEADLINE)
    os.close(slave)
    os.close(master)
    assert result.returncode == 2
    assert b"pictures are not written to a terminal" in result.stderr


def test_closed_streams_are_no_traceback(assets):
    program = f"{sys.executable} -m kquant_hooks quantize"
    for command, code in [
        (f"{program} assets/a.png -o 1.png >&-", 0),
        (f"{program} assets/a.png -o 2.png --json >&-", 0),
        (f"{program} assets/a.png -o 3.png 2>&-", 0),
        (f"{program} - -o 4.png <&-", 3),
        (f"{program} assets/a.png -o - | true", 0),
        (f"{program} assets/a.png -o - > /dev/full", 3),
    ]:
        result = subprocess.run(command, shell=True, stderr=subprocess.PIPE, timeout=DEADLINE)
        assert (result.returncode, b"Traceback" in result.stderr) == (code, False), command
    assert files_in(assets.parent) >= {"1.png", "2.png", "3.png"}


@pytest.mark.parametrize("target", ["x" * 300, "x" * 300 + "/", "loop.png", "loop/out.png"])
def test_impossible_targets_are_one_line_and_code_3(target, assets, capsys):
    Path("loop").symlink_to("loop")
    Path("loop.png").symlink_to("loop.png")
    if "." not in target:
        target += "x.png" if target.endswith("/") else ".png"
    assert main(["quantize", "assets/a.png", "-o", target]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_output_to_a_full_disk_is_said(assets):
    if not Path("/dev/full").exists():
        pytest.skip("the platform has no full device")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets", "-c", "4"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
    assert result.returncode == 3
    assert result.stderr.count(b"\n") == 1
    assert b"cannot write to standard output: No space left on device" in result.stderr
    assert (assets / "sub/c.kq.png").exists()


def test_everything_at_once(tmp_path, capsys):
    for name, made in FILES.items():
        (tmp_path / name).write_bytes(made())
    assert main(["quantize", str(tmp_path), "-c", "5", "--in-place"]) == 0
    before = contents(tmp_path)
    assert main(["quantize", str(tmp_path), "-c", "5", "--in-place"]) == 0
    assert contents(tmp_path) == before
