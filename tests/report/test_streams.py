"""Standard streams that whoever starts the command has closed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from files import DEADLINE, colors_in

from kquant_hooks import Palette

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell closes them")
CLOSED = ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&-", "<&- >&- 2>&-"]
KQUANT = [sys.executable, "-m", "kquant_hooks"]


def run_closed(closed: str, *arguments: str, **options) -> subprocess.CompletedProcess[bytes]:
    command = f"{shlex.join([*KQUANT, *arguments])} {closed}"
    return subprocess.run(["sh", "-c", command], capture_output=True, timeout=2 * DEADLINE, **options)


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_files_are_rewritten_whatever_is_closed(jobs, closed, assets):
    done = run_closed(closed, "quantize", "assets", "-c", "4", "--in-place", "-j", jobs)
    assert done.returncode == 0
    assert done.stderr == b""
    assert (b"2 rewritten" in done.stdout) == (">&-" not in closed.split())
    assert {colors_in(assets / name) for name in ("a.png", "sub/c.png")} == {4}


@pytest.mark.parametrize("closed", CLOSED)
def test_the_hook_rewrites_whatever_is_closed(closed, assets):
    assert run_closed(closed, "hook", "--colors", "4", "assets/a.png").returncode == 1
    assert colors_in(assets / "a.png") == 4


@pytest.mark.parametrize("closed", CLOSED[-1:])
def test_the_daemon_publishes_whatever_is_closed(closed, assets, tmp_path):
    done = run_closed(closed, "watch", "assets", "out", "-c", "4", "--once", "--settle", "100ms")
    assert done.returncode == 0
    assert colors_in(tmp_path / "out/a.png") == 4


@pytest.mark.parametrize("closed", CLOSED[-2:])
@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (("palette", "convert", "two.hex", "two.gpl"), "two.gpl"),
        (("palette", "learn", "assets", "-c", "4", "-o", "learned.gpl"), "learned.gpl"),
        (("palette", "show", "two.hex"), None),
        (("config", "assets/a.png"), None),
        (("config", "--init"), ".kquant.yaml"),
        (("--version",), None),
    ],
)
def test_other_commands_do_their_work_whatever_is_closed(arguments, written, closed, assets, tmp_path):
    Palette(["#000000", "#ffffff"]).save(tmp_path / "two.hex")
    done = run_closed(closed, *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    assert written is None or (tmp_path / written).stat().st_size


def test_a_picture_has_to_go_somewhere(photo_file):
    with photo_file.open("rb") as photo:
        done = run_closed(">&-", "quantize", "-", "-c", "4", stdin=photo)
    assert done.returncode == 2
    assert done.stderr == b"kquant: standard output is closed; use --output FILE\n"


def test_a_failure_is_told_by_the_exit_code_where_nothing_can_be_said(tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    done = run_closed("<&- >&- 2>&-", "quantize", str(tmp_path / "no.png"), "-c", "4")
    assert done.returncode == 3
    assert {path.name for path in Path(tmp_path).iterdir()} == {"no.png"}
