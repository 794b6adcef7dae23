"""``kquant watch``: a result is overwritten only where it is what the ledger says."""

from __future__ import annotations

import os

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.watch.publish import publish

ONE, TWO, RETOUCHED = picture(1), picture(2), b"what somebody painted"


@pytest.fixture
def dispatcher(tmp_path):
    made = DispatcherHarness(tmp_path)
    yield made
    made.close()


def retouch(dispatcher: DispatcherHarness) -> None:
    (dispatcher.outbox / "a.png").write_bytes(RETOUCHED)


def retouch_without_a_trace(dispatcher: DispatcherHarness) -> None:
    """Neither the size nor the time says so."""
    path = dispatcher.outbox / "a.png"
    stamp, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def edit(dispatcher: DispatcherHarness) -> None:
    dispatcher.drop("a.bmp", TWO)


def change_settings(dispatcher: DispatcherHarness) -> None:
    dispatcher.start({"colors": 2}, **dispatcher.watch)


@pytest.mark.parametrize("retouching", [retouch, retouch_without_a_trace])
@pytest.mark.parametrize("cause", [edit, change_settings])
@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_a_result_that_somebody_has_changed_is_kept(retouching, cause, collision, dispatcher):
    dispatcher.start(collision=collision)
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    retouching(dispatcher)
    theirs = dispatcher.results()["a.png"]
    cause(dispatcher)
    assert dispatcher.look() == (collision != "skip")
    assert dispatcher.results()["a.png"] == theirs
    assert set(dispatcher.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert dispatcher.log.count("kept") == 1
    # The new result is the file's own from then on.
    dispatcher.drop("a.bmp", picture(3))
    dispatcher.look()
    assert set(dispatcher.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert dispatcher.results()["a.png"] == theirs


def test_what_waits_for_a_name_is_done_once_that_is_free(dispatcher):
    dispatcher.start(collision="skip")
    (dispatcher.outbox / "a.png").write_bytes(RETOUCHED)
    dispatcher.drop("a.bmp", ONE)
    assert [dispatcher.look(), dispatcher.look()] == [0, 0]
    assert dispatcher.ledger.find("a.bmp").state == "waiting"
    assert dispatcher.log.count("waiting") == 1
    (dispatcher.outbox / "a.png").unlink()
    assert [dispatcher.look(), dispatcher.look()] == [1, 0]
    assert set(dispatcher.results()) == {"a.png"}


def test_a_result_of_other_times_alone_is_the_same(dispatcher):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    os.utime(dispatcher.outbox / "a.png", (1, 1))
    (dispatcher.outbox / "a.png").chmod(0o600)
    edit(dispatcher)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png"}


@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_the_result_of_a_picture_that_is_gone_is_overwritten_only_if_that_is_asked_for(collision, dispatcher):
    dispatcher.start(collision=collision, originals="delete")
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    first = dispatcher.results()["a.png"]
    dispatcher.drop("a.bmp", TWO)
    dispatcher.look()
    assert (dispatcher.results()["a.png"] == first) == (collision != "overwrite")
    assert (dispatcher.inbox / "a.bmp").exists() == (collision == "skip")


def test_two_files_may_share_a_result_if_that_is_asked_for(dispatcher):
    dispatcher.start(collision="overwrite")
    for name in ("a.bmp", "a.tif"):
        dispatcher.drop(name, ONE if name.endswith("bmp") else TWO)
        dispatcher.look()
    of_the_second = dispatcher.results()
    assert set(of_the_second) == {"a.png"}
    # A new mode does not make the first one's result anew, or take the name back.
    (dispatcher.inbox / "a.bmp").chmod(0o600)
    assert dispatcher.look() == 0
    # To put the first away would lose it: its result is not there.
    dispatcher.start(collision="suffix", originals="delete")
    dispatcher.look()
    assert len(dispatcher.results()) == 2
    assert list(dispatcher.inbox.glob("a.*")) == []


@pytest.mark.parametrize(("settings", "names"), [({}, {"a.png"}), ({"colors": 2}, {"a.png", "a-1.png"})])
def test_a_result_that_a_crash_kept_out_of_the_ledger(settings, names, dispatcher):
    """It is taken over if it is what is to be made, and kept if not."""
    path = dispatcher.drop("a.bmp", ONE)
    sample = dispatcher.sample("a.bmp")
    publish(dispatcher.dispatcher.assign("a.bmp", sample))
    written = dispatcher.results()["a.png"]
    dispatcher.start(settings)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == names
    assert dispatcher.results()["a.png"] == written
    assert path.exists()


def test_a_result_that_comes_while_the_file_is_worked_on_is_kept(dispatcher):
    dispatcher.drop("a.bmp", ONE)
    job = dispatcher.dispatcher.assign("a.bmp", dispatcher.sample("a.bmp"))
    (dispatcher.outbox / "a.png").write_bytes(RETOUCHED)
    assert dispatcher.dispatcher.record("a.bmp", job, publish(job)) == "again"
    assert dispatcher.look() == 1
    assert dispatcher.results()["a.png"] == RETOUCHED
    assert set(dispatcher.results()) == {"a.png", "a-1.png"}


def test_reasons_do_not_lead_out_and_are_one_line(dispatcher, tmp_path):
    (tmp_path / "victim").write_text("mine")
    (dispatcher.outbox / "a.bmp.kquant-failed.txt").symlink_to(tmp_path / "victim")
    for name in ("a.bmp", "b\x1b[2J\n.bmp"):
        dispatcher.drop(name, b"no picture")
    dispatcher.look()
    assert (tmp_path / "victim").read_text() == "mine"
    assert dispatcher.log.count("failed") == 2
    text = (dispatcher.outbox / "b\x1b[2J\n.bmp.kquant-failed.txt").read_text()
    assert text.startswith("b\\x1b[2J\\n.bmp: ")
    assert text.count("\n") == 1
