"""Systems that are not this one, as far as it can be made to be like them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from files import DEADLINE, colors_in, files_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this is Windows")
WINDOWS = Path(__file__).with_name("windows.py")


def run_on_windows(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, WINDOWS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=4 * DEADLINE)


def test_every_module_can_be_imported_on_windows():
    done = run_on_windows("--import-everything")
    assert (done.returncode, done.stderr) == (0, "")


def test_files_are_quantized_on_windows(assets):
    done = run_on_windows("quantize", "assets", "-c", "4", "--in-place", "-j", "2")
    assert done.stderr == ""
    assert done.returncode == 0
    assert colors_in(assets / "a.png") == colors_in(assets / "sub/c.png") == 4
    assert not [name for name in files_in(assets) if ".kquant-" in name]


def test_new_files_are_written_on_windows(assets):
    done = run_on_windows("quantize", "assets/a.png", "assets/sub/c.png", "-c", "4", "-o", "small/")
    assert (done.returncode, done.stderr) == (0, "")
    assert files_in(assets.parent / "small") == {"a.png", "c.png"}


def test_the_hook_rewrites_on_windows(assets):
    done = run_on_windows("hook", "assets/a.png", "--colors", "4")
    assert (done.returncode, done.stderr) == (1, "")
    assert colors_in(assets / "a.png") == 4


def test_the_daemon_publishes_on_windows(tmp_path, assets):
    done = run_on_windows("watch", "assets", "out", "-c", "4", "--once", "--settle", "100ms", "--polling")
    assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / "out") >= {"a.png", "b.png", "sub/c.png"}
