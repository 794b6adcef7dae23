"""The time and memory that a file may take, and what happens to a file that takes more."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from drawings import saved
from files import DEADLINE, colors_in, contents
from PIL import Image

from kquant_hooks.assets import batch
from kquant_hooks.assets.process import process
from kquant_hooks.cli import main
from kquant_hooks.options.policy import Policy
from kquant_hooks.processes.memory import memory_limited

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory, and forked workers")
LATE = "it took more than timeout=2s; a higher limit may help"
# If a linear algebra library runs out of memory, it ends the process.
TOO_MUCH = (
    "(it needs more memory than is available, or than max-memory=64MiB; a higher limit may help|"
    r"the process that decoded it crashed \(exit code 1\), possibly out of memory; a different max-memory .*)"
)
KQUANT = [sys.executable, "-m", "kquant_hooks"]


@pytest.fixture
def large_file(assets) -> Path:
    """A picture that needs more than 64 MiB, in a folder with others that do not."""
    rng = np.random.default_rng(5)
    path = assets / "large.png"
    path.write_bytes(saved(Image.fromarray(rng.integers(0, 256, (2000, 2000, 3), dtype=np.uint8)), "PNG"))
    return path


def kquant(*arguments: str) -> tuple[int, str]:
    """The exit code and the errors of a fresh process.

    The limit comes on top of what a process has. One forked from that of the tests would have what other
    tests have used and freed, which is more than the large file needs.
    """
    done = subprocess.run([*KQUANT, *arguments], capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stderr


def _hang_on_a(path, *arguments, **options):
    if path.name == "a.png":
        time.sleep(1000)
    return process(path, *arguments, **options)


@linux
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_takes_too_long_costs_itself_alone(jobs, repository, assets, capsys, monkeypatch):
    monkeypatch.setattr(batch, "process", _hang_on_a)
    (repository / ".kquant.yaml").write_text("timeout: 1h\nrules: [{files: a.png, timeout: 2s}]")
    before = (assets / "a.png").read_bytes()
    assert main(["hook", "assets/a.png", "assets/sub/c.png", "-j", jobs]) == 3
    assert capsys.readouterr().err.splitlines()[0] == f"kquant: assets/a.png: {LATE}; the file is unchanged"
    assert (assets / "a.png").read_bytes() == before
    assert colors_in(assets / "sub/c.png") == 256


@linux
@pytest.mark.parametrize("place", [["--in-place"], ["-o", "small.png"]])
def test_a_time_that_a_flag_gives(place, assets, capsys, monkeypatch):
    monkeypatch.setattr(batch, "process", _hang_on_a)
    before = contents(assets.parent)
    assert main(["quantize", "assets/a.png", "-c", "4", "--timeout", "2s", *place]) == 3
    assert capsys.readouterr().err == f"kquant: assets/a.png: {LATE}; the file is unchanged\n"
    assert contents(assets.parent) == before


@linux
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_takes_too_much_memory_costs_itself_alone(jobs, large_file):
    before = large_file.read_bytes()
    command = ["quantize", "assets", "-c", "4", "--in-place", "--max-memory", "64MiB", "-j", jobs]
    code, errors = kquant(*command)
    assert code == 3
    assert re.fullmatch(f"kquant: assets/large.png: {TOO_MUCH}\n", errors)
    assert large_file.read_bytes() == before
    assert colors_in(large_file.parent / "a.png") == colors_in(large_file.parent / "sub/c.png") == 4
    assert kquant(*command[:-4], "--max-memory", "none") == (0, "")
    assert colors_in(large_file) == 4


@linux
def test_a_limit_of_memory_that_a_configuration_gives(repository, large_file):
    (repository / ".kquant.yaml").write_text("max-memory: 64MiB")
    before = contents(large_file.parent)
    code, errors = kquant("hook", "assets/large.png")
    assert code == 3
    assert re.search(TOO_MUCH, errors)
    assert contents(large_file.parent) == before


@linux
@pytest.mark.parametrize("output", ["-", "out.png"])
def test_what_comes_from_standard_input_has_the_same_limits(output, large_file, tmp_path):
    command = [*KQUANT, "quantize", "-", "-c", "4", "-o", output, "--max-memory", "64MiB"]
    with large_file.open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, timeout=DEADLINE, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert re.fullmatch(f"kquant: -: {TOO_MUCH}\n", done.stderr.decode())
    assert not (tmp_path / "out.png").exists()


@linux
def test_a_limit_of_memory_ends_with_what_it_is_for():
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory_limited(64 << 20), pytest.raises(MemoryError):
        bytearray(1 << 30)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with memory_limited(64 << 20):
        assert len(bytearray(48 << 20)) == 48 << 20
    with memory_limited(1 << 70):
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] > 1 << 60


@pytest.mark.parametrize(
    ("given", "size"),
    [("2GiB", 2 << 30), ("512 mib", 512 << 20), ("1.5GiB", 3 << 29), (1 << 30, 1 << 30), (None, None)],
)
def test_sizes(given, size):
    assert Policy(max_memory=given).max_memory == size


@pytest.mark.parametrize("given", ["5%", "2 TB", "1KiB", 100, -1, True, "much", "9" * 400 + "GiB"])
def test_invalid_sizes(given):
    with pytest.raises(ValueError, match=r"expected a size such as 512MiB or 2GiB, at least 64MiB, or None"):
        Policy(max_memory=given)


def test_what_holds_is_said_as_it_is_written(repository, capsys):
    (repository / ".kquant.yaml").write_text("timeout: 90s\nmax-memory: 1536MiB")
    assert main(["hook", "--explain", "a.png"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["timeout", "90s", "$.timeout"] in lines
    assert ["max-memory", "1536MiB", "$.max-memory"] in lines


def test_a_finished_file_is_not_done_again_because_a_limit_changed(daemon):
    daemon.put("a.jpg")
    assert daemon.once("--timeout", "1m") == 0
    before = contents(daemon.outbox)["a.png"]
    assert daemon.once("--timeout", "2m", "--max-memory", "1GiB", "--max-pixels", "1000000") == 0
    assert daemon.count("published") == 1
    assert contents(daemon.outbox)["a.png"] == before
