"""Which files are ready, with a clock that the tests set."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kquant_hooks.disk.mounts
from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.mounts import network_of
from kquant_hooks.watch.entry import Result
from kquant_hooks.watch.folder import files_in, is_wanted, sample_of, stat_in, version_in
from kquant_hooks.watch.intake import Intake, Sample
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.observer import Observer, watched_folders
from kquant_hooks.watch.targets import target_for

SETTLE, SCAN = 2.0, 7.0
ONE, TWO, EMPTY = Sample(10, 1, 1, 1), Sample(20, 2, 1, 2), Sample(0, 3, 1, 3)


def look(intake: Intake, now: float, sample: Sample | None) -> list[str]:
    return [intake.checked(path, sample, now) for path in intake.due(now)]


def test_two_equal_samples_make_a_file_ready():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    assert look(intake, 0.0, ONE) == ["wait"]
    assert look(intake, 1.9, ONE) == []
    assert intake.next_check() == SETTLE
    assert look(intake, 2.0, ONE) == ["ready"]
    assert (len(intake), look(intake, 9.0, ONE)) == (0, [])


def test_a_change_restarts_the_settle_time():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    assert look(intake, 0.0, ONE) == ["wait"]
    assert look(intake, 2.0, TWO) == ["wait"]
    intake.changed("a", 3.5)
    assert look(intake, 4.0, TWO) == ["wait"]
    assert look(intake, 5.4, TWO) == []
    assert look(intake, 5.5, TWO) == ["ready"]


def test_a_scan_does_not_restart_the_settle_time():
    intake = Intake(SETTLE, 60)
    intake.found("a", 0.0)
    assert look(intake, 0.0, ONE) == ["wait"]
    intake.found("a", 1.9)
    assert look(intake, 2.0, ONE) == ["ready"]


def test_what_is_gone_is_forgotten():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    assert look(intake, 0.0, None) == ["wait"]
    assert look(intake, 1.9, None) == []
    assert look(intake, 2.0, None) == ["gone"]
    assert "a" not in intake


def test_a_file_that_an_editor_removes_and_rewrites_was_never_gone():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    assert look(intake, 0.0, None) == ["wait"]
    intake.changed("a", 1.0)
    assert look(intake, 2.0, ONE) == ["wait"]
    assert look(intake, 4.0, ONE) == ["ready"]


def test_an_empty_file_is_never_ready_and_said_once():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    verdicts, now, looks = [], 0.0, 0
    while now < 3600:
        verdicts += look(intake, now, EMPTY)
        looks += 1
        now = intake.next_check()
    assert set(verdicts) == {"wait", "unsettled"}
    assert verdicts.count("unsettled") == 1
    # More and more rarely.
    assert looks < 100
    intake.changed("a", now)
    assert look(intake, now + SETTLE, ONE) == ["wait"]
    assert look(intake, now + 2 * SETTLE, ONE) == ["ready"]


def test_a_file_that_goes_on_changing_is_said_once_and_taken_at_last():
    intake = Intake(SETTLE, 60)
    intake.changed("a", 0.0)
    verdicts = []
    for second in range(100):
        intake.changed("a", float(second))
        verdicts += look(intake, float(second), Sample(second + 1, second, 1, second))
    assert verdicts.count("unsettled") == 1
    assert "ready" not in verdicts
    verdicts = look(intake, 101.5, Sample(100, 99, 1, 99)) + look(intake, 103.5, Sample(100, 99, 1, 99))
    assert verdicts == ["wait", "ready"]


def test_many_events_cost_one_look():
    intake = Intake(SETTLE, 60)
    for number in range(1000):
        intake.changed("a", number / 1000)
    assert intake.due(1.0) == ["a"]
    intake.checked("a", ONE, 1.0)
    assert intake.due(1.0) == []


def test_what_is_put_off_is_looked_at_later_but_for_a_change():
    intake = Intake(SETTLE, 60)
    intake.found("a", 0.0, 100.0)
    assert intake.due(99.0) == []
    intake.changed("a", 10.0)
    assert intake.due(12.0) == ["a"]


WRITES = st.lists(
    st.tuples(
        st.floats(0, 30, width=16),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["write", "write", "write", "empty", "delete"]),
        # When its event arrives: never, at once, late, or twice.
        st.lists(st.floats(0, 10, width=16), max_size=2),
    ),
    max_size=20,
)


@given(WRITES)
def test_whatever_happens_to_the_events_each_version_is_processed_once_and_complete(writes):
    files: dict[str, Sample] = {}
    written: dict[str, float] = {}
    events = sorted((at + delay, path) for at, path, _, delays in writes for delay in delays)
    todo = sorted(writes, key=lambda write: write[0])
    intake = Intake(SETTLE, 60)
    done: dict[str, Sample] = {}
    taken: list[tuple[str, Sample]] = []
    now, next_scan, version = 0.0, 0.0, 0
    while now < 80:
        while todo and todo[0][0] <= now:
            at, path, what, _ = todo.pop(0)
            version += 1
            written[path] = at
            if what == "delete":
                files.pop(path, None)
            else:
                files[path] = Sample(0 if what == "empty" else version, version, 1, version)
        while events and events[0][0] <= now:
            intake.changed(events.pop(0)[1], now)
        if now >= next_scan:
            next_scan = now + SCAN
            for path in files:
                if done.get(path) != files[path]:
                    intake.found(path, now)
        for path in intake.due(now):
            sample = files.get(path)
            if intake.checked(path, sample, now) == "ready" and done.get(path) != sample:
                assert sample is not None
                assert sample.size > 0
                assert now - written[path] >= SETTLE
                done[path] = sample
                taken.append((path, sample))
        now += 0.25
    assert len(taken) == len(set(taken))
    for path, sample in files.items():
        assert not sample.size or done[path] == sample


@pytest.mark.parametrize(
    "name",
    [
        "a.png.crdownload", "a.part", "a.PNG.PART", "a.tmp", "a.filepart", "a.aria2", "a.png~", ".#a.png",
        ".a.png.swp", "a.png.swp", "a.swx", "~$a.png", "._a.png", ".DS_Store", "Thumbs.db", "desktop.ini",
        ".hidden/a.png",
        "@eaDir/a.png", "$RECYCLE.BIN/a.png", "lost+found/a.png", ".kquant-12-abc", "a.png.kquant-failed.txt",
        "sub/.originals/a.png",
    ],
)  # fmt: skip
def test_names_that_are_passed_over(name):
    assert not is_wanted(name.replace("/", os.sep))


@pytest.mark.parametrize(
    "name", ["a.png", "a", "part.png", "sub/a.b.jpg", "tmp/a.png", "with space.png", "ü.png"]
)
def test_names_that_are_not(name):
    assert is_wanted(name.replace("/", os.sep))


def test_what_lies_in_a_folder(tmp_path):
    for name in ("b.png", "a.png", "sub/c.png", "sub/deep/d.png", ".git/e.png", "x.part"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "sub")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    with open_folder(tmp_path) as root:
        found = dict(files_in(root))
        assert sorted(found) == ["a.png", "b.png", "sub/c.png", "sub/deep/d.png"]
        assert found["a.png"] == sample_of(str(tmp_path / "a.png"))
        assert [path for path, _ in files_in(root, recursive=False)] == ["a.png", "b.png"]
        assert sorted(path for path, _ in files_in(root, "sub")) == ["sub/c.png", "sub/deep/d.png"]
        assert version_in(root, "sub/c.png") == found["sub/c.png"]
        for path in ("link/c.png", "link.png", "sub", "gone", "gone/c.png", "a.png/c.png", "x" * 300):
            assert version_in(root, path) is None
    assert sample_of(str(tmp_path / "link.png")) is None
    assert sample_of(str(tmp_path / "sub")) is None
    assert sample_of(str(tmp_path / "gone")) is None
    assert sample_of(str(tmp_path / "a.png")).size == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells what it watches")
def test_watched_folders_are_counted_and_events_heard_of(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    before = watched_folders()
    mailbox = Mailbox(bool)
    heard: list[str] = []
    observer = Observer(str(tmp_path), mailbox, recursive=True)
    assert watched_folders() - before == 3
    (tmp_path / "a/b/c.png").write_bytes(b"x")
    end = time.monotonic() + 60
    while str(tmp_path / "a/b/c.png") not in heard:
        assert time.monotonic() < end
        mailbox.wakeup.poll(1)
        heard += mailbox.take().paths
    assert observer.problem() is None
    observer.stop()
    assert watched_folders() == before


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/mnt/b\u00fcro share/in", "cifs"),
        ("/mnt/bu", None),
        ("/home/a", None),
        ("/mnt/b\u00fcro shared", None),
    ],
)
def test_network_file_systems_are_known(folder, kind, tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
        "40 22 0:30 / /mnt/b\u00fcro\\040share rw shared:1 - cifs //server/share rw\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(kquant_hooks.disk.mounts, "_MOUNTS", mounts)
    assert network_of(Path(folder)) == kind


def test_a_result_that_is_taken_gets_a_number(tmp_path):
    known = {
        "a.png": Result("a.jpg", "1"),
        "b.png": Result("b.jpg", "2"),
        "gone.png": Result(None, "3"),
        "changed.png": Result(None, ""),
        "taken.png": Result(None, "4"),
    }
    for name in ("a.png", "b.png", "theirs.png", "gone.png", "changed.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to("nowhere")

    def target(wanted: str, source: str, collision: str = "suffix") -> str | None:
        with open_folder(tmp_path) as root:
            return target_for(wanted, source, collision, partial(stat_in, root), known.get)

    assert target("new.png", "new.jpg") == "new.png"
    assert target("a.png", "a.jpg") == "a.png"
    assert target("a.png", "a.gif") == "a-1.png"
    assert target("theirs.png", "theirs.jpg") == "theirs-1.png"
    assert target("folder.png", "folder.jpg") == "folder-1.png"
    assert target("link.png", "link.jpg") == "link-1.png"
    assert [target("a.png", "a.gif", how) for how in ("overwrite", "skip")] == ["a.png", None]
    assert target("theirs.png", "theirs.jpg", "overwrite") == "theirs.png"
    # A result whose source is gone has no owner, even if the next source has the same name.
    assert target("gone.png", "gone.jpg") == "gone-1.png"
    assert [target("gone.png", "gone.jpg", how) for how in ("overwrite", "skip")] == ["gone.png", None]
    assert target("taken.png", "taken.jpg") == "taken.png"
    # Never a result that a user has changed.
    assert target("changed.png", "changed.jpg") == "changed-1.png"
    assert [target("changed.png", "changed.jpg", how) for how in ("overwrite", "skip")] == [
        "changed-1.png",
        None,
    ]
    # Never anything but a file.
    assert target("folder.png", "folder.jpg", "overwrite") == "folder-1.png"
    assert target("link.png", "link.jpg", "overwrite") == "link-1.png"
