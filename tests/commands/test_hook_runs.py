"""What a run of the hook costs, and what it gets through."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drawings import saved
from files import DEADLINE, colors_in, picture_at
from photos import draw_photo
from PIL import Image

from kquant_hooks.assets import batch
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.cli import main

pytestmark = pytest.mark.usefixtures("repository")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
def test_a_stderr_that_is_full_stops_nothing():
    picture_at("a.png")
    command = [sys.executable, "-m", "kquant_hooks", "hook", "missing.png", "a.png"]
    with FULL.open("w") as full:
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=full, timeout=DEADLINE)
        wrong = subprocess.run([*command, "--config", "x"], stderr=full, timeout=DEADLINE)
    assert (result.returncode, wrong.returncode) == (3, 2)
    assert colors_in("a.png") == 256


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    "arguments", [["config", "--schema"], ["config", "a.png"], ["hook", "--explain", "a.png"], ["--version"]]
)
def test_what_could_not_be_printed_is_no_success(arguments):
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "kquant_hooks", *arguments]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
    assert result.returncode == 3
    assert result.stderr == b"kquant: cannot write to standard output: No space left on device\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the current folder cannot be removed")
def test_a_current_folder_that_is_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone}; rmdir {gone}; {sys.executable} -c 'from kquant_hooks.cli import main; import sys; "
    script += 'sys.exit(main(["hook", "/a.png"]))\''
    result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=DEADLINE, cwd=tmp_path)
    assert (result.returncode, result.stderr.count(b"\n")) == (3, 1)


def _crash_on_b(job):
    if job.path.name == "b.png":
        os.kill(os.getpid(), signal.SIGSEGV)
    return batch.process(job.path, job.settings, job.policy)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_a_crashing_decoder_costs_its_file_alone(monkeypatch, capsys):
    monkeypatch.setattr(batch, "_work", _crash_on_b)
    for name in ("a.png", "b.png", "c.png"):
        picture_at(name)
    assert main(["hook", "-c", "3", "a.png", "b.png", "c.png"]) == 3
    captured = capsys.readouterr()
    assert "b.png: the process that decoded it crashed (SIGSEGV)" in captured.err
    assert captured.out.splitlines()[-1] == "next: git add -- a.png c.png"


def _threads_of(path, *_arguments, **_options):
    return Outcome(path, "skipped", os.environ.get("OPENBLAS_NUM_THREADS", "any"))


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_other_hooks_are_left_their_cores(monkeypatch, capsys):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(batch, "process", _threads_of)
    picture_at("a.png")
    assert main(["hook", "a.png"]) == 0
    assert capsys.readouterr().out == "a.png  skipped: 1\n"


def test_results_do_not_depend_on_the_batch():
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        picture_at(name, saved(draw_photo(seed=number), "PNG"))
        picture_at(f"alone/{name}", saved(draw_photo(seed=number), "PNG"))
    assert main(["hook", "-c", "7", "-j", "2", *reversed(names)]) == 1
    for name in names:
        assert main(["hook", "-c", "7", f"alone/{name}"]) == 1
        assert Path(name).read_bytes() == Path("alone", name).read_bytes()


HEAVY = {"numpy", "PIL", "rich", "watchdog", "multiprocessing", "yaml", "bracex", "tempfile", "json"}


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Unix")
@pytest.mark.parametrize("configuration", [None, "rules: [{files: '*.png', colors: 8}]"])
def test_nothing_to_do_loads_nothing(configuration):
    data = saved(Image.linear_gradient("L").quantize(8), "PNG")
    names = [str(picture_at(f"{number}.png", data)) for number in range(20)]
    heavy = set(HEAVY)
    if configuration is not None:
        Path(".kquant.yaml").write_text(configuration)
        heavy -= {"yaml"}
    program = (
        "import sys; from kquant_hooks.cli import main; code = main(sys.argv[1:]); "
        f"print(code, *{heavy!r} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, "hook", *names]
    # On a terminal a progress bar would be drawn, if there were work.
    _, terminal = os.openpty()
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True, timeout=DEADLINE
    )
    os.close(terminal)
    assert result.stdout.split() == ["0"]


def test_large_indexed_files_are_judged_by_head_and_end():
    whole = saved(Image.effect_noise((600, 400), 50).quantize(64), "PNG")
    assert len(whole) > 1 << 16
    picture_at("whole.png", whole)
    picture_at("cut.png", whole[:-1000])
    assert main(["hook", "-c", "64", "whole.png"]) == 0
    assert main(["hook", "-c", "64", "cut.png"]) == 3
    assert main(["hook", "-c", "63", "whole.png"]) == 1
    assert colors_in("whole.png") == 63


@pytest.mark.skipif(sys.platform != "linux", reason="interrupts are sent to a group of processes")
def test_an_interrupt_leaves_nothing_half_written():
    photo = saved(draw_photo(600, 400), "PNG")
    names = [str(picture_at(f"{number:02}.png", photo)) for number in range(40)]
    command = [sys.executable, "-m", "kquant_hooks", "hook", "-c", "99", *names]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    running.stdout.readline()
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=DEADLINE)
    assert (running.returncode, errors) == (130, b"kquant: interrupted; no file is half written\n")
    assert {str(path) for path in Path().iterdir()} == {".git", *names}
    for name in names:
        assert Path(name).read_bytes() == photo or colors_in(name) == 99


def test_what_a_killed_run_has_left_is_removed():
    picture_at("sub/a.png")
    left = Path("sub/.kquant-0123456789abcdef")
    left.touch()
    main(["hook", "--check", "sub/a.png"])
    assert left.exists()
    main(["hook", "sub/a.png"])
    assert not left.exists()
