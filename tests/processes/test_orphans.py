"""Workers of a killed command replace no file, and exit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from files import DEADLINE, contents, files_in
from orphans import POINTS
from places import SUPPORT
from test_processes import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
SCRIPT = SUPPORT / "orphans.py"
WORKERS = 3


def children_of(process: int) -> list[Path]:
    return [
        Path("/proc", child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


@pytest.fixture
def many_assets(assets) -> Path:
    for number in range(5):
        (assets / f"{number}.png").write_bytes((assets / "a.png").read_bytes())
    return assets


@pytest.mark.parametrize("place", [["--in-place"], ["-o", "small/"]], ids=["in place", "new files"])
@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_written_after_the_command_is_killed(point, place, many_assets, tmp_path):
    reached = tmp_path / "reached"
    reached.mkdir()
    before = contents(many_assets)
    command = [sys.executable, SCRIPT, "quantize", "assets", "-c", "4", "-j", str(WORKERS), *place]
    environment = os.environ | {"ORPHANS_POINT": point, "ORPHANS_REACHED": str(reached)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(files_in(reached)) == WORKERS)
        workers = children_of(running.pid)
    finally:
        running.kill()
        running.wait(DEADLINE)
    assert len(workers) == WORKERS
    wait_for(lambda: not any(worker.exists() for worker in workers))
    assert contents(many_assets) == before
    small = tmp_path / "small"
    assert not small.exists() or files_in(small) == set()


IDLE = """
import os, sys, time
from kquant_hooks.processes.pool import WorkerPool
pool = WorkerPool(abs, 4)
for number in range(4):
    assert pool.can_start()
    pool.start(number, number)
while pool.busy:
    pool.wait(None)
print(*(worker.process.pid for worker in pool._idle), flush=True)
time.sleep(1000)
"""


def test_idle_workers_end_with_the_command():
    running = subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE)
    try:
        workers = [Path("/proc", word) for word in running.stdout.readline().decode().split()]
        assert len(workers) == 4
        assert all(worker.exists() for worker in workers)
    finally:
        running.kill()
        running.communicate(timeout=DEADLINE)
    wait_for(lambda: not any(worker.exists() for worker in workers))
