"""``kquant watch``: each file is published once, however it arrives."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time

import pytest
from daemons import DEADLINE, OTHER, PHOTO, Daemon, reason, until
from drawings import FILES, saved
from files import colors_in
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and links of Unix")


# Flags for each way to notice files.
OBSERVERS = pytest.mark.parametrize("flags", [(), ("--polling",)], ids=["events", "polling"])


def copied(daemon: Daemon) -> str:
    (daemon.inbox / "a.jpg").write_bytes(PHOTO)
    return "a.png"


def moved(daemon: Daemon) -> str:
    daemon.put("b.jpg")
    return "b.png"


def linked(daemon: Daemon) -> str:
    (daemon.folder / "elsewhere.jpg").write_bytes(PHOTO)
    (daemon.inbox / "c.jpg").hardlink_to(daemon.folder / "elsewhere.jpg")
    return "c.png"


def downloaded(daemon: Daemon) -> str:
    part = daemon.inbox / "d.jpg.crdownload"
    part.write_bytes(PHOTO[:500])
    part.write_bytes(PHOTO)
    part.rename(daemon.inbox / "d.jpg")
    return "d.png"


def saved_by_an_editor(daemon: Daemon) -> str:
    daemon.put("e.jpg", OTHER)
    (daemon.inbox / ".e.jpg.swp").write_bytes(PHOTO)
    (daemon.inbox / ".e.jpg.swp").rename(daemon.inbox / "e.jpg")
    return "e.png"


def slowly(daemon: Daemon) -> str:
    with (daemon.inbox / "f.jpg").open("wb") as file:
        for start in range(0, len(PHOTO), 1 + len(PHOTO) // 6):
            file.write(PHOTO[start : start + 1 + len(PHOTO) // 6])
            file.flush()
            time.sleep(0.05)
    return "f.png"


def in_a_folder(daemon: Daemon) -> str:
    (daemon.folder / "made/deep").mkdir(parents=True)
    (daemon.folder / "made/deep/g.jpg").write_bytes(PHOTO)
    (daemon.folder / "made").rename(daemon.inbox / "made")
    return "made/deep/g.png"


WAYS = [copied, moved, linked, downloaded, saved_by_an_editor, slowly, in_a_folder]


@OBSERVERS
def test_every_way_in_leads_to_one_result(flags, daemon):
    daemon.start(*flags)
    names = [way(daemon) for way in WAYS]
    daemon.shows(*names)
    until(lambda: daemon.status()["waiting"] == {})
    assert daemon.stop() == 0
    assert daemon.count("failed") == 0
    # An editor's first version may have been published before the second.
    assert len(names) <= daemon.count("published") <= len(names) + 1
    for name in names:
        assert colors_in(daemon.outbox / name) == 5
    assert (daemon.inbox / "e.jpg").read_bytes() == PHOTO


def test_files_that_were_there_and_that_come_while_it_is_down(daemon):
    daemon.put("before.jpg")
    daemon.start()
    daemon.shows("before.png")
    daemon.stop()
    daemon.put("meanwhile.jpg")
    daemon.start()
    daemon.shows("before.png", "meanwhile.png")
    daemon.stop()
    assert daemon.count("published") == 2


@OBSERVERS
def test_a_new_version_replaces_the_result(flags, daemon):
    daemon.start(*flags)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    before = (daemon.outbox / "a.png").read_bytes()
    daemon.put("a.jpg", OTHER)
    until(lambda: (daemon.outbox / "a.png").read_bytes() != before)
    daemon.shows("a.png")


def test_nothing_is_done_twice(daemon):
    daemon.put("a.jpg")
    daemon.put("broken.jpg", PHOTO[:-300])
    assert daemon.once() == 3
    times = {name: (daemon.outbox / name).stat().st_mtime_ns for name in daemon.results()}
    assert set(times) == {"a.png", reason("broken.jpg")}
    assert daemon.once() == 0
    assert {name: (daemon.outbox / name).stat().st_mtime_ns for name in daemon.results()} == times
    assert (daemon.count("published"), daemon.count("failed")) == (1, 1)


def test_other_settings_make_other_results(daemon):
    daemon.put("a.jpg")
    daemon.once()
    daemon.once("-c", "3")
    assert colors_in(daemon.outbox / "a.png") == 3
    assert daemon.results() == {"a.png"}


def test_a_result_stays_its_files_own_while_that_is_skipped(daemon):
    daemon.put("a.jpg")
    daemon.once()
    rules = daemon.inbox / ".kquant.yaml"
    rules.write_text("skip: true")
    daemon.once()
    assert daemon.count("skipped") == 1
    rules.unlink()
    daemon.once("-c", "3")
    assert daemon.results() == {"a.png"}
    assert colors_in(daemon.outbox / "a.png") == 3


def test_what_is_broken_is_said_and_taken_once_it_is_whole(daemon):
    daemon.start()
    daemon.put("a.jpg", PHOTO[:-300])
    daemon.put("notes.txt", b"no image\n")
    daemon.put("good.jpg")
    daemon.shows(reason("a.jpg"), reason("notes.txt"), "good.png")
    assert (daemon.outbox / reason("a.jpg")).read_text().startswith("a.jpg: cannot be decoded: ")
    daemon.put("a.jpg")
    daemon.shows("a.png", reason("notes.txt"), "good.png")
    (daemon.inbox / "notes.txt").unlink()
    daemon.stop()
    daemon.once()
    assert daemon.results() == {"a.png", "good.png"}


def test_two_files_of_one_name(daemon):
    for name in ("a.jpg", "a.gif", "sub/a.jpg"):
        daemon.put(name, PHOTO if name.endswith("jpg") else FILES["still.gif"]())
    daemon.once()
    assert daemon.results() == {"a.png", "a-1.png", "sub/a.png"}
    daemon.put("a.jpg", OTHER)
    daemon.put("a.gif", OTHER)
    daemon.once()
    assert daemon.results() == {"a.png", "a-1.png", "sub/a.png"}


@pytest.mark.parametrize(
    ("collision", "results"),
    [("suffix", {"a.png", "a-1.png"}), ("overwrite", {"a.png"}), ("skip", {"a.png"})],
)
def test_a_result_that_is_somebody_elses(collision, results, daemon):
    daemon.outbox.mkdir()
    theirs = b"somebody's work"
    (daemon.outbox / "a.png").write_bytes(theirs)
    daemon.put("a.jpg")
    assert daemon.once("--collision", collision) == 0
    assert daemon.results() == results
    assert ((daemon.outbox / "a.png").read_bytes() == theirs) == (collision != "overwrite")


def test_in_place(daemon):
    daemon.put("a.png", saved(Image.effect_noise((40, 30), 50), "PNG"))
    daemon.put("photo.jpg")
    command = daemon.command("in", "--in-place", "-c", "4", "--settle", "200ms", "--once")
    for _ in range(2):
        assert subprocess.run(command, cwd=daemon.folder, timeout=DEADLINE).returncode == 0
        assert colors_in(daemon.inbox / "a.png") == 4
        assert (daemon.inbox / "photo.jpg").read_bytes() == PHOTO
    assert {path.name for path in daemon.inbox.iterdir()} == {"a.png", "photo.jpg", ".kquant"}


@pytest.mark.parametrize("originals", ["archive", "delete"])
def test_an_original_without_its_result_is_never_removed(originals, daemon):
    path = daemon.put("a.jpg")
    daemon.once()
    (daemon.outbox / "a.png").rename(daemon.folder / "taken.png")
    daemon.once("--originals", originals)
    assert daemon.results() == {"a.png"}
    assert not path.exists()


def test_a_result_keeps_its_name_when_another_becomes_free(daemon):
    daemon.put("a.png")
    daemon.once()
    daemon.put("a.jpg")
    daemon.once()
    (daemon.inbox / "a.png").unlink()
    (daemon.outbox / "a.png").unlink()
    daemon.once()
    daemon.put("a.jpg", OTHER)
    daemon.once()
    assert daemon.results() == {"a-1.png"}


@pytest.mark.parametrize("flags", [("--polling",), ("--rescan", "1s")], ids=["polling", "rescan"])
def test_what_takes_long_is_done_once(flags, daemon):
    daemon.put("large.png", saved(Image.effect_noise((3000, 2000), 60).convert("RGB"), "PNG"))
    daemon.start("-j", "1", *flags)
    for number in range(3):
        daemon.put(f"{number}.jpg")
    daemon.shows("large.png", "0.png", "1.png", "2.png")
    until(lambda: daemon.status()["waiting"] == {})
    daemon.put("last.jpg")
    daemon.shows("large.png", "0.png", "1.png", "2.png", "last.png")
    # A result is written before its line in the log.
    assert daemon.stop() == 0
    assert daemon.count("published") == 5


def test_times_of_a_far_future(daemon):
    path = daemon.put("a.jpg")
    os.utime(path, (10**10, 10**10))
    assert [daemon.once(), daemon.once()] == [0, 0]
    assert daemon.count("published") == 1


@pytest.mark.parametrize("originals", ["archive", "delete"])
def test_originals(originals, daemon):
    daemon.put("sub/a.jpg")
    daemon.put("broken.jpg", PHOTO[:-300])
    daemon.once("--originals", originals)
    assert daemon.results() == {"sub/a.png", reason("broken.jpg")}
    assert not (daemon.inbox / "sub/a.jpg").exists()
    assert (daemon.inbox / "broken.jpg").exists()
    assert (daemon.inbox / ".originals/sub/a.jpg").exists() == (originals == "archive")
    first = (daemon.outbox / "sub/a.png").read_bytes()
    daemon.put("sub/a.jpg", OTHER)
    daemon.once("--originals", originals)
    # The next file of that name is another picture.
    assert daemon.results() == {"sub/a.png", "sub/a-1.png", reason("broken.jpg")}
    assert (daemon.outbox / "sub/a.png").read_bytes() == first
    if originals == "archive":
        assert (daemon.inbox / ".originals/sub/a-1.jpg").read_bytes() == OTHER


def test_the_mode_of_new_files_is_the_usual_one(daemon):
    daemon.put("a.jpg")
    daemon.once()
    (daemon.folder / "plain").touch()
    assert stat.S_IMODE((daemon.outbox / "a.png").stat().st_mode) == stat.S_IMODE(
        (daemon.folder / "plain").stat().st_mode
    )
