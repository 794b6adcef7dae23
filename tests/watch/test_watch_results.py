"""``kquant watch``: a result is overwritten only if it is what the ledger says."""

from __future__ import annotations

import os

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.watch.publish import publish

ONE, TWO, RETOUCHED = picture(1), picture(2), b"what somebody painted"


@pytest.fixture
def harness(tmp_path):
    made = DispatcherHarness(tmp_path)
    yield made
    made.close()


def retouch(harness: DispatcherHarness) -> None:
    (harness.outbox / "a.png").write_bytes(RETOUCHED)


def retouch_without_a_trace(harness: DispatcherHarness) -> None:
    """Neither the size nor the time shows it."""
    path = harness.outbox / "a.png"
    stamp, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def edit(harness: DispatcherHarness) -> None:
    harness.drop("a.bmp", TWO)


def change_settings(harness: DispatcherHarness) -> None:
    harness.start({"colors": 2}, **harness.watch)


@pytest.mark.parametrize("retouching", [retouch, retouch_without_a_trace])
@pytest.mark.parametrize("cause", [edit, change_settings])
@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_a_result_that_somebody_has_changed_is_kept(retouching, cause, collision, harness):
    harness.start(collision=collision)
    harness.drop("a.bmp", ONE)
    harness.look()
    retouching(harness)
    theirs = harness.results()["a.png"]
    cause(harness)
    assert harness.look() == (collision != "skip")
    assert harness.results()["a.png"] == theirs
    assert set(harness.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert harness.log.count("kept") == 1
    # The file owns the new result from then on.
    harness.drop("a.bmp", picture(3))
    harness.look()
    assert set(harness.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert harness.results()["a.png"] == theirs


def test_what_waits_for_a_name_is_done_once_that_is_free(harness):
    harness.start(collision="skip")
    (harness.outbox / "a.png").write_bytes(RETOUCHED)
    harness.drop("a.bmp", ONE)
    assert [harness.look(), harness.look()] == [0, 0]
    assert harness.ledger.find("a.bmp").state == "waiting"
    assert harness.log.count("waiting") == 1
    (harness.outbox / "a.png").unlink()
    assert [harness.look(), harness.look()] == [1, 0]
    assert set(harness.results()) == {"a.png"}


def test_a_result_of_other_times_alone_is_the_same(harness):
    harness.drop("a.bmp", ONE)
    harness.look()
    os.utime(harness.outbox / "a.png", (1, 1))
    (harness.outbox / "a.png").chmod(0o600)
    edit(harness)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png"}


@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_the_result_of_a_picture_that_is_gone_is_overwritten_only_if_that_is_asked_for(collision, harness):
    harness.start(collision=collision, originals="delete")
    harness.drop("a.bmp", ONE)
    harness.look()
    first = harness.results()["a.png"]
    harness.drop("a.bmp", TWO)
    harness.look()
    assert (harness.results()["a.png"] == first) == (collision != "overwrite")
    assert (harness.inbox / "a.bmp").exists() == (collision == "skip")


def test_two_files_may_share_a_result_if_that_is_asked_for(harness):
    harness.start(collision="overwrite")
    for name in ("a.bmp", "a.tif"):
        harness.drop(name, ONE if name.endswith("bmp") else TWO)
        harness.look()
    of_the_second = harness.results()
    assert set(of_the_second) == {"a.png"}
    # A new mode neither writes the first one's result again nor takes the name back.
    (harness.inbox / "a.bmp").chmod(0o600)
    assert harness.look() == 0
    # Removing the first would lose it: it has no result there.
    harness.start(collision="suffix", originals="delete")
    harness.look()
    assert len(harness.results()) == 2
    assert list(harness.inbox.glob("a.*")) == []


@pytest.mark.parametrize(("settings", "names"), [({}, {"a.png"}), ({"colors": 2}, {"a.png", "a-1.png"})])
def test_a_result_that_a_crash_kept_out_of_the_ledger(settings, names, harness):
    """It becomes the result if it has the right content, and is kept otherwise."""
    path = harness.drop("a.bmp", ONE)
    sample = harness.sample("a.bmp")
    publish(harness.dispatcher.assign("a.bmp", sample))
    written = harness.results()["a.png"]
    harness.start(settings)
    assert harness.look() == 1
    assert set(harness.results()) == names
    assert harness.results()["a.png"] == written
    assert path.exists()


def test_a_result_that_comes_while_the_file_is_worked_on_is_kept(harness):
    harness.drop("a.bmp", ONE)
    job = harness.dispatcher.assign("a.bmp", harness.sample("a.bmp"))
    (harness.outbox / "a.png").write_bytes(RETOUCHED)
    assert harness.dispatcher.record("a.bmp", job, publish(job)) == "again"
    assert harness.look() == 1
    assert harness.results()["a.png"] == RETOUCHED
    assert set(harness.results()) == {"a.png", "a-1.png"}


def test_reasons_do_not_lead_out_and_are_one_line(harness, tmp_path):
    (tmp_path / "victim").write_text("mine")
    (harness.outbox / "a.bmp.kquant-failed.txt").symlink_to(tmp_path / "victim")
    for name in ("a.bmp", "b\x1b[2J\n.bmp"):
        harness.drop(name, b"no picture")
    harness.look()
    assert (tmp_path / "victim").read_text() == "mine"
    assert harness.log.count("failed") == 2
    text = (harness.outbox / "b\x1b[2J\n.bmp.kquant-failed.txt").read_text()
    assert text.startswith("b\\x1b[2J\\n.bmp: ")
    assert text.count("\n") == 1


def test_what_waits_for_its_name_gets_another_once_that_is_allowed(harness):
    """At the first look after the restart, though the file is the same."""
    harness.outbox.joinpath("a.png").write_bytes(b"mine")
    harness.start(collision="skip")
    harness.drop("a.bmp", ONE)
    assert harness.look() == 0
    harness.start(collision="suffix")
    assert harness.look() == 1
    assert harness.look() == 0
    assert set(harness.results()) == {"a.png", "a-1.png"}


def test_a_name_that_is_missing_but_is_that_of_another_file_is_waited_for(harness):
    """It ended in no look: the file was neither done nor was there anything to do."""
    harness.drop("a.bmp", ONE)
    assert harness.look() == 1
    harness.outbox.joinpath("a.png").unlink()
    harness.start(collision="skip")
    harness.drop("a.dib", TWO)
    assert harness.look() == 0
    assert harness.log.count("waiting") == 1
    (harness.inbox / "a.bmp").unlink()
    harness.gone("a.bmp")
    assert harness.look() == 1
