"""``kquant watch`` takes no processor time while it waits."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from daemons import OTHER, Daemon, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processor time is looked up in /proc")
# Seconds of the measurement, and the share that a waiting daemon may use: it checks every other second.
SPAN, MOST = 4.0, 0.4


def seconds_used(daemon: Daemon) -> float:
    fields = Path(f"/proc/{daemon.running.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def waits(daemon: Daemon) -> None:
    before = seconds_used(daemon)
    time.sleep(SPAN)
    assert seconds_used(daemon) - before < MOST


def test_for_a_folder_that_is_gone(daemon):
    daemon.start("--polling")
    shutil.rmtree(daemon.inbox)
    daemon.says("warning", "in is gone: waiting for it")
    waits(daemon)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    assert daemon.stop() == 0


def test_for_the_end_of_work_on_a_file_that_has_changed(daemon):
    daemon.fault = "waiting-decoder"
    daemon.start("-j", "2")
    daemon.put("slow.jpg")
    until((daemon.folder / "done").exists)
    daemon.put("slow.jpg", OTHER)
    # It has settled by the time that this one is finished.
    daemon.put("a.jpg")
    daemon.shows("a.png")
    waits(daemon)
    (daemon.folder / "go").touch()
    until(lambda: daemon.count("published") == 2)
    until(lambda: daemon.status()["waiting"] == {})
    assert daemon.stop() == 0


def test_for_a_file_that_is_empty(daemon):
    daemon.start("-j", "2")
    daemon.put("a.jpg")
    daemon.shows("a.png")
    (daemon.inbox / "empty.jpg").touch()
    waits(daemon)
    assert daemon.stop() == 0


def test_with_thousands_of_files_that_are_done(daemon):
    daemon.rules("rules:\n- {files: '*.bmp', skip: true}\n")
    for number in range(2000):
        (daemon.inbox / f"{number}.bmp").write_bytes(b"a picture")
    daemon.start("--rescan", "1s", "--originals", "archive")
    until(lambda: len(daemon.status()["skipped"]) == 2000)
    for _ in range(2):
        # The next scan asks once about every file that was processed since the last one.
        before = daemon.status()["last_scan"]
        until(lambda before=before: daemon.status()["last_scan"] != before)
    waits(daemon)
    assert daemon.stop() == 0
