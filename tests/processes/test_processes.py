"""Worker processes: crashes, kills and interrupts cost as little as possible."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from drawings import saved
from files import (
    DEADLINE,
    contents,
    crash,
    files_in,
)
from photos import draw_photo

from kquant_hooks.assets import batch
from kquant_hooks.assets.batch import Job, process_each
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import process
from kquant_hooks.cli import main
from kquant_hooks.disk import atomic
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.processes.crash import Crash
from kquant_hooks.processes.pool import run_each


def _crash_on_c(path, *arguments, **options):
    if path.name == "c.png":
        crash()
    return process(path, *arguments, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_crashing_decoder_costs_its_file_alone(jobs, assets, capsys, monkeypatch):
    monkeypatch.setattr(batch, "process", _crash_on_c)
    (assets / "z.png").write_bytes((assets / "a.png").read_bytes())
    before = (assets / "sub/c.png").read_bytes()
    assert main(["quantize", "assets", "-c", "4", "--in-place", "-j", jobs]) == 3
    captured = capsys.readouterr()
    assert "sub/c.png: the process that decoded it crashed (SIGSEGV); the file is unchanged" in captured.err
    assert captured.out.count(" -> 4 colours") == 2
    assert (assets / "sub/c.png").read_bytes() == before


def _square_or_die(number: int) -> int:
    if number % 5 == 3:
        os._exit(7)
    return number * number


def test_each_item_has_one_result_whatever_dies():
    results = dict(run_each(_square_or_die, range(23), 3))
    assert sorted(results) == list(range(23))
    for number, result in results.items():
        if number % 5 == 3:
            assert isinstance(result, Crash)
            assert result.reason == "exit code 7"
        else:
            assert result == number * number


def _die_of(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.skipif(sys.platform != "linux", reason="real-time signals")
@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (40, "signal 40"), (signal.SIGRTMIN, "SIGRTMIN")]
)
def test_any_signal_that_ends_a_worker_is_named(number, name):
    ((_, crash),) = run_each(_die_of, [number], 1)
    assert crash.reason == name


def _threads_of(path, *_arguments, **_options):
    return Outcome(path, "skipped", os.environ.get("OPENBLAS_NUM_THREADS", "any"))


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
@pytest.mark.parametrize(
    ("files", "workers", "all_cores", "threads"),
    [(4, 1, True, "any"), (1, 2, True, "any"), (4, 2, True, "1"), (1, 1, False, "1")],
)
def test_libraries_have_one_thread_where_other_processes_work(
    files, workers, all_cores, threads, monkeypatch
):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(batch, "process", _threads_of)
    jobs = [Job(Path(f"{number}.png"), Settings(), Policy()) for number in range(files)]
    assert {outcome.reason for outcome in process_each(jobs, workers, all_cores=all_cores)} == {threads}


def test_what_is_known_keeps_its_place():
    known = Outcome(Path("known.png"), "skipped", "it is known")
    jobs = [Job(Path(f"{number}.png"), Settings(), Policy()) for number in range(3)]
    counted: list[Outcome] = []
    outcomes = list(process_each([jobs[0], known, *jobs[1:]], 2, done=counted.append))
    assert [str(outcome.path) for outcome in outcomes] == ["0.png", "known.png", "1.png", "2.png"]
    assert counted[0] is known
    assert len(counted) == 4


def _die_before_the_rename(*_arguments, **_options):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_kill_9_between_the_temporary_file_and_the_rename(assets, capsys, monkeypatch):
    before = contents(assets)
    monkeypatch.setattr(atomic, "_publish", _die_before_the_rename)
    assert main(["quantize", "assets", "-c", "4", "--in-place"]) == 3
    assert "SIGKILL" in capsys.readouterr().err
    assert contents(assets) == before


def draw_photos(assets: Path, count: int) -> dict[Path, bytes]:
    photo = saved(draw_photo(600, 400), "PNG")
    photos = {assets / f"{number:02}.png": photo for number in range(count)}
    for path, data in photos.items():
        path.write_bytes(data)
    return photos


def start_on(assets: Path, **options: object) -> subprocess.Popen[bytes]:
    """Quantize a folder in a separate process group; returns when the first file is done."""
    command = [sys.executable, "-m", "kquant_hooks", "quantize", assets.name, "-c", "99", "--in-place"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, process_group=0, **options)
    running.stdout.readline()
    return running


def wait_for(condition) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="interrupts are sent to a group of processes")
@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_far_it_came_and_leaves_nothing(what, assets):
    photos = draw_photos(assets, 60)
    names = files_in(assets)
    running = start_on(assets, stderr=subprocess.PIPE)
    os.killpg(running.pid, what)
    _, errors = running.communicate(timeout=DEADLINE)
    assert running.returncode == 130
    assert re.fullmatch(rb"kquant: interrupted; \d+ of 64 files are done, and none is half written\n", errors)
    assert files_in(assets) == names
    assert 0 < sum(path.read_bytes() != before for path, before in photos.items()) < 60


@pytest.mark.skipif(sys.platform != "linux", reason="signals are sent to a group of processes")
@pytest.mark.parametrize("what", [signal.SIGHUP, signal.SIGTERM])
def test_what_was_ignored_at_the_start_stays_ignored(what, assets):
    photos = draw_photos(assets, 6)
    running = start_on(assets, preexec_fn=lambda: signal.signal(what, signal.SIG_IGN))
    os.killpg(running.pid, what)
    running.communicate(timeout=DEADLINE)
    assert running.returncode == 0
    assert all(path.read_bytes() != before for path, before in photos.items())


@pytest.mark.skipif(sys.platform != "linux", reason="the process is looked up in /proc")
def test_workers_of_a_killed_command_end(assets):
    draw_photos(assets, 40)
    running = start_on(assets)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    running.kill()
    running.communicate(timeout=DEADLINE)
    assert children
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert not [name for name in files_in(assets) if ".kquant-" in name]


def as_nobody(path: Path) -> str:
    os.setegid(65534)
    os.seteuid(65534)
    outcome = process(path, Settings(4), Policy())
    return f"{outcome.status}: {outcome.reason}"


@pytest.mark.skipif(sys.platform != "linux", reason="permissions of Unix")
def test_a_folder_that_may_not_be_written(assets):
    for folder in (*assets.parents, assets):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    # Import before dropping permissions, which the modules' files may need.
    assert process(assets / "sub/c.png", Settings(4), Policy()).status == "rewritten"
    if os.geteuid() == 0:
        # Root may do everything, so another user has to try.
        for mode in (0o644, 0o666):
            (assets / "a.png").chmod(mode)
            ((_, said),) = run_each(as_nobody, [assets / "a.png"], 1)
            assert said == "failed: cannot be written: Permission denied"
    else:
        assets.chmod(0o555)
        assert main(["quantize", "assets/a.png", "-c", "4", "--in-place"]) == 3
        assets.chmod(0o755)
    assert not [name for name in files_in(assets) if ".kquant-" in name]
