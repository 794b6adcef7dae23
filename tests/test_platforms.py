"""Systems that are not this one, as far as it can be made to be like them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from files import DEADLINE, colors_in, files_in
from places import SUPPORT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this is Windows")
SCRIPT = SUPPORT / "elsewhere.py"


@pytest.fixture(params=["win32", "darwin"])
def run(request) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``kquant`` on another system."""
    environment = os.environ | {"KQUANT_TEST_PLATFORM": request.param}

    def running(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, SCRIPT, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=4 * DEADLINE)

    running.platform = request.param
    return running


@pytest.fixture
def run_in_place(run):
    if run.platform == "darwin":
        pytest.skip("attributes of files are copied by a function of macOS")
    return run


def test_every_module_can_be_imported(run):
    done = run("--import-everything")
    assert (done.returncode, done.stderr) == (0, "")


def test_files_are_rewritten(run_in_place, assets):
    done = run_in_place("quantize", "assets", "-c", "4", "--in-place", "-j", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert colors_in(assets / "a.png") == colors_in(assets / "sub/c.png") == 4
    assert not [name for name in files_in(assets) if ".kquant-" in name]


def test_new_files_are_written(run, assets):
    done = run("quantize", "assets/a.png", "assets/sub/c.png", "-c", "4", "-o", "small/")
    assert (done.returncode, done.stderr) == (0, "")
    assert files_in(assets.parent / "small") == {"a.png", "c.png"}


def test_the_hook_rewrites(run_in_place, assets):
    done = run_in_place("hook", "assets/a.png", "--colors", "4")
    assert (done.returncode, done.stderr) == (1, "")
    assert colors_in(assets / "a.png") == 4


def test_the_daemon_publishes(run, tmp_path, assets):
    done = run("watch", "assets", "out", "-c", "4", "--once", "--settle", "100ms", "--polling")
    assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / "out") >= {"a.png", "b.png", "sub/c.png"}
