"""``kquant watch`` survives kills, full disks, lost events and folders that disappear."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from daemons import OTHER, PHOTO, reason, until
from drawings import saved
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


KILLS = [
    "killed-after-the-claim",
    "killed-before-the-rename",
    "killed-after-the-rename",
    "killed-before-the-ledger",
    "killed-after-the-ledger",
]


@pytest.mark.parametrize("fault", KILLS)
@pytest.mark.parametrize("originals", ["keep", "archive"])
def test_a_kill_at_any_point_costs_nothing(fault, originals, daemon):
    source = daemon.put("a.jpg")
    daemon.fault = fault
    daemon.start("--originals", originals)
    assert daemon.wait() == -signal.SIGKILL
    assert daemon.results() - set(daemon.leftovers()) in (set(), {"a.png"})
    # An original that is not in the ledger is not removed.
    assert source.read_bytes() == PHOTO
    daemon.fault = None
    assert daemon.once("--originals", originals) == 0
    assert daemon.results() == {"a.png"}
    assert daemon.leftovers() == []
    with Image.open(daemon.outbox / "a.png") as image:
        assert len(image.convert("RGB").getcolors()) == 5
    kept = source if originals == "keep" else daemon.inbox / ".originals/a.jpg"
    assert kept.read_bytes() == PHOTO


def test_a_kill_while_the_original_is_removed(daemon):
    daemon.put("a.jpg")
    daemon.fault = "killed-while-removing-the-original"
    daemon.start("--originals", "delete")
    assert daemon.wait() == -signal.SIGKILL
    daemon.fault = None
    daemon.once("--originals", "delete")
    assert daemon.results() == {"a.png"}
    assert not (daemon.inbox / "a.jpg").exists()


FLAGS = pytest.mark.parametrize("flags", [("--rescan", "1h"), ("--polling",)], ids=["events", "polling"])


@FLAGS
def test_the_folder_is_removed_and_made_again(flags, daemon):
    daemon.start(*flags)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    shutil.rmtree(daemon.inbox)
    daemon.says("warning", "in is gone: waiting for it")
    daemon.put("b.jpg")
    daemon.shows("a.png", "b.png")
    daemon.put("c.jpg")
    daemon.shows("a.png", "b.png", "c.png")
    assert daemon.stop() == 0


@FLAGS
def test_the_folder_is_renamed_and_comes_back(flags, daemon):
    daemon.start(*flags)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    away = daemon.folder / "away"
    daemon.inbox.rename(away)
    daemon.says("warning", "in is gone: waiting for it")
    (away / "b.jpg").write_bytes(PHOTO)
    away.rename(daemon.inbox)
    daemon.shows("a.png", "b.png")
    # It comes back at once, as another folder.
    daemon.inbox.rename(away)
    daemon.put("c.jpg")
    daemon.shows("a.png", "b.png", "c.png")
    daemon.put("d.jpg")
    daemon.shows("a.png", "b.png", "c.png", "d.png")


def test_the_folder_of_results_goes_away(daemon):
    daemon.start()
    daemon.put("a.jpg")
    daemon.shows("a.png")
    daemon.outbox.rename(daemon.folder / "away")
    daemon.says("trouble", "out is gone; restarting in")
    daemon.put("b.jpg")
    (daemon.folder / "away").rename(daemon.outbox)
    daemon.shows("a.png", "b.png")
    assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("fault", "event", "text"),
    [
        ("raising-handler", "warning", "the observer has lost"),
        (
            "overflow",
            "warning",
            "events may have been lost (Inotify queue overflowed): scanning the whole folder",
        ),
        (
            "no-watches",
            "warning",
            "cannot be watched: polling it instead; raise the limit with 'sysctl fs.inot",
        ),
        (
            "few-watches",
            "warning",
            "only 1 of 2 folders can be watched: polling them instead; raise the limit",
        ),
        ("full-disk", "trouble", "a.jpg: No space left on device; trying again in 1 s"),
        (
            "full-ledger",
            "trouble",
            "cannot be used: disk is full; restarting in 1 s",
        ),
        ("share-gone", "trouble", "a.jpg: Input/output error; trying again in 1 s"),
        ("killed-worker", "trouble", "or fewer jobs may help; trying again in 1 s"),
    ],
)
def test_what_passes_costs_no_file(fault, event, text, daemon):
    (daemon.inbox / "sub").mkdir()
    daemon.fault = fault
    daemon.start("--rescan", "1h")
    daemon.put("a.jpg")
    daemon.shows("a.png")
    daemon.says(event, text)
    daemon.put("sub/b.jpg", OTHER)
    daemon.put("a.jpg", OTHER)
    if fault != "overflow":
        # This fault keeps losing all events.
        daemon.shows("a.png", "sub/b.png")
    assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("hanging-decoder", "it took more than timeout=8s; a higher limit may help"),
        ("crashing-decoder", "the process that decoded it crashed (SIGSEGV)"),
    ],
)
def test_a_bad_decoder_costs_its_file_alone(fault, said, daemon):
    daemon.fault = fault
    daemon.start("--timeout", "8s")
    daemon.put("bad.jpg")
    for number in range(5):
        daemon.put(f"{number}.jpg")
    daemon.shows(*(f"{number}.png" for number in range(5)), reason("bad.jpg"))
    assert said in (daemon.outbox / reason("bad.jpg")).read_text()
    assert daemon.stop() == 0


def test_a_folder_of_results_that_comes_back_without_its_ledger_is_another_one(daemon):
    """As if a share had been mounted on it."""
    daemon.start("--originals", "delete")
    daemon.put("a.jpg")
    daemon.shows("a.png")
    daemon.outbox.rename(daemon.folder / "away")
    daemon.outbox.mkdir()
    daemon.says("trouble", "out has lost its ledger; to start with a new one, restart kquant watch")
    source = daemon.put("b.jpg")
    assert list(daemon.outbox.iterdir()) == []
    daemon.outbox.rmdir()
    (daemon.folder / "away").rename(daemon.outbox)
    daemon.shows("a.png", "b.png")
    until(lambda: not source.exists())


def test_a_ledger_that_is_removed_is_missed(daemon):
    daemon.start()
    daemon.put("a.jpg")
    daemon.shows("a.png")
    shutil.rmtree(daemon.outbox / ".kquant")
    daemon.says("trouble", "out or its ledger is gone")
    assert daemon.stop() == 0


def test_a_ledger_that_is_damaged_is_said_with_the_way_out(daemon):
    (daemon.outbox / ".kquant").mkdir(parents=True)
    (daemon.outbox / ".kquant/ledger.sqlite3").write_bytes(b"no database" * 1000)
    daemon.put("a.jpg")
    assert daemon.once() == 3
    daemon.says("error", "move that folder away to process all files again, under new names")


def test_a_group_of_processes_that_is_stopped_fails_nothing(daemon):
    daemon.put("large.png", saved(Image.effect_noise((3000, 2000), 60).convert("RGB"), "PNG"))
    daemon.fault = "hanging-decoder"
    daemon.put("bad.jpg")
    daemon.start(process_group=0)
    until((daemon.folder / "done").exists)
    os.killpg(daemon.running.pid, signal.SIGTERM)
    assert daemon.wait() == 0
    daemon.fault = None
    assert daemon.count("failed") == 0
    assert daemon.status()["failed"] == {}
    assert daemon.once() == 0
    assert daemon.results() == {"large.png", "bad.png"}


def test_a_reader_of_the_log_who_stops_reading_stops_nothing(daemon):
    for number in range(200):
        daemon.put(f"{'x' * 150}{number}.txt", b"no image")
    command = daemon.command("in", "out", "--settle", "100ms")
    daemon.running = subprocess.Popen(command, cwd=daemon.folder, stdout=subprocess.PIPE)
    until(lambda: len(daemon.results()) == 200)
    assert daemon.stop() == 0
    daemon.running.stdout.close()


def test_a_second_signal_stops_at_once(daemon):
    daemon.fault = "hanging-decoder"
    daemon.start()
    daemon.put("bad.jpg")
    until(lambda: daemon.status()["waiting"] == {"bad.jpg": ""})
    # The fault reports when it has begun.
    until((daemon.folder / "done").exists)
    daemon.running.send_signal(signal.SIGTERM)
    daemon.says("stopping", "stopping after the running jobs (1)")
    daemon.running.send_signal(signal.SIGTERM)
    assert daemon.wait() == 130


def test_a_file_that_changes_while_it_is_worked_on(daemon):
    (daemon.folder / "other").write_bytes(saved(Image.new("RGB", (7, 5)), "PNG"))
    daemon.fault = "changed-while-at-work"
    daemon.start("-j", "1")
    daemon.put("a.jpg")
    daemon.shows("a.png")
    until(lambda: daemon.status()["waiting"] == {})
    assert daemon.stop() == 0
    # No result of the replaced version was published.
    assert daemon.count("published") == 1
    with Image.open(daemon.outbox / "a.png") as image:
        assert image.size == (7, 5)


def test_the_folder_in_which_it_was_started_is_removed(daemon):
    here = daemon.folder / "here"
    here.mkdir()
    (here / "in").symlink_to(daemon.inbox)
    (here / "out").symlink_to(daemon.outbox)
    daemon.start(cwd=here)
    shutil.rmtree(here)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    assert daemon.stop() == 0
