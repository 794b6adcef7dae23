"""The pool of worker processes: its clock, and that it leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from files import DEADLINE, colors_in

from kquant_hooks.processes import pool as pools
from kquant_hooks.processes.crash import Crash
from kquant_hooks.processes.pool import WorkerPool, run_each

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc, and limits that a shell sets")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pools, "time", clock)
    return clock


@pytest.fixture
def sleeping_pool(clock):
    pool = WorkerPool(time.sleep, 1)
    assert pool.can_start()
    pool.start(7, 1000, limit=20)
    yield pool
    pool.shutdown(0)


def passing(clock: Clock, pool: WorkerPool, seconds: int) -> list[tuple[int, Crash]]:
    """The items that become overdue while the time passes second by second."""
    overdue = []
    for _ in range(seconds):
        clock.now += 1
        overdue += pool.kill_overdue()
    return overdue


def test_an_item_that_takes_too_long_is_killed(clock, sleeping_pool):
    assert passing(clock, sleeping_pool, 20) == []
    ((number, crash),) = passing(clock, sleeping_pool, 1)
    assert (number, crash.timed_out, crash.message) == (
        7,
        True,
        "it took more than timeout=20s; a higher limit may help",
    )
    assert sleeping_pool.busy == 0


def test_time_while_all_processes_were_suspended_does_not_count(clock, sleeping_pool):
    """As by Ctrl-Z, or by a reader of the output that stops reading."""
    assert passing(clock, sleeping_pool, 15) == []
    clock.now += 3600
    assert sleeping_pool.kill_overdue() == []
    assert passing(clock, sleeping_pool, 5) == []
    assert len(passing(clock, sleeping_pool, 1)) == 1


def test_idle_time_does_not_count_as_suspended(clock, sleeping_pool):
    assert len(passing(clock, sleeping_pool, 21)) == 1
    clock.now += 3600
    assert sleeping_pool.can_start()
    sleeping_pool.start(8, 1000, limit=20)
    assert passing(clock, sleeping_pool, 20) == []
    assert len(passing(clock, sleeping_pool, 1)) == 1


def test_a_finished_item_is_not_overdue(clock):
    pool = WorkerPool(abs, 1)
    assert pool.can_start()
    pool.start(0, -5, limit=1)
    while not pool._running[0].worker.connection.poll(DEADLINE):
        pytest.fail("it did not come")
    clock.now += 5
    assert pool.kill_overdue() == []
    assert pool.wait(0) == [(0, 5)]
    pool.shutdown()


def _die_at_thirds(number: int) -> int:
    if number % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@linux
def test_crashes_leave_no_files_and_no_processes():
    before = open_files()
    opened = [open_files() for _ in run_each(_die_at_thirds, range(300), 2)]
    assert max(opened[150:]) <= max(opened[:150])
    assert open_files() == before
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert children.read_text() == ""


@linux
def test_fewer_processes_do_the_work_if_the_system_refuses_more(assets):
    for number in range(12):
        (assets / f"{number}.png").write_bytes((assets / "a.png").read_bytes())
    command = [
        sys.executable,
        "-m",
        "kquant_hooks",
        "quantize",
        "assets",
        "-c",
        "4",
        "--in-place",
        "-j",
        "64",
    ]
    limited = f"ulimit -n 24; exec {shlex.join(command)}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, timeout=4 * DEADLINE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert {colors_in(assets / f"{number}.png") for number in range(12)} == {4}


@linux
def test_an_error_says_that_the_system_refuses_processes(assets):
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets/a.png", "-c", "4"]
    limited = f"ulimit -n 5; exec {shlex.join(command)}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.endswith(b"Too many open files\n")
