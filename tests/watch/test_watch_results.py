"""``kquant watch``: a result is overwritten only where it is what the ledger says."""

from __future__ import annotations

import os

import pytest
from desks import DeskOf, picture

from kquant_hooks.watch.work import publish

ONE, TWO, RETOUCHED = picture(1), picture(2), b"what somebody painted"


@pytest.fixture
def desk(tmp_path):
    made = DeskOf(tmp_path)
    yield made
    made.close()


def retouch(desk: DeskOf) -> None:
    (desk.outbox / "a.png").write_bytes(RETOUCHED)


def retouch_without_a_trace(desk: DeskOf) -> None:
    """Neither the size nor the time says so."""
    path = desk.outbox / "a.png"
    stamp, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def edit(desk: DeskOf) -> None:
    desk.drop("a.bmp", TWO)


def change_settings(desk: DeskOf) -> None:
    desk.start({"colors": 2}, **desk.watch)


@pytest.mark.parametrize("retouching", [retouch, retouch_without_a_trace])
@pytest.mark.parametrize("cause", [edit, change_settings])
@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_a_result_that_somebody_has_changed_is_kept(retouching, cause, collision, desk):
    desk.start(collision=collision)
    desk.drop("a.bmp", ONE)
    desk.look()
    retouching(desk)
    theirs = desk.results()["a.png"]
    cause(desk)
    assert desk.look() == (collision != "skip")
    assert desk.results()["a.png"] == theirs
    assert set(desk.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert desk.log.count("kept") == 1
    # The new result is the file's own from then on.
    desk.drop("a.bmp", picture(3))
    desk.look()
    assert set(desk.results()) == ({"a.png"} if collision == "skip" else {"a.png", "a-1.png"})
    assert desk.results()["a.png"] == theirs


def test_what_waits_for_a_name_is_done_once_that_is_free(desk):
    desk.start(collision="skip")
    (desk.outbox / "a.png").write_bytes(RETOUCHED)
    desk.drop("a.bmp", ONE)
    assert [desk.look(), desk.look()] == [0, 0]
    assert desk.ledger.find("a.bmp").state == "waiting"
    assert desk.log.count("waiting") == 1
    (desk.outbox / "a.png").unlink()
    assert [desk.look(), desk.look()] == [1, 0]
    assert set(desk.results()) == {"a.png"}


def test_a_result_of_other_times_alone_is_the_same(desk):
    desk.drop("a.bmp", ONE)
    desk.look()
    os.utime(desk.outbox / "a.png", (1, 1))
    (desk.outbox / "a.png").chmod(0o600)
    edit(desk)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png"}


@pytest.mark.parametrize("collision", ["suffix", "overwrite", "skip"])
def test_the_result_of_a_picture_that_is_gone_is_overwritten_only_if_that_is_asked_for(collision, desk):
    desk.start(collision=collision, originals="delete")
    desk.drop("a.bmp", ONE)
    desk.look()
    first = desk.results()["a.png"]
    desk.drop("a.bmp", TWO)
    desk.look()
    assert (desk.results()["a.png"] == first) == (collision != "overwrite")
    assert (desk.inbox / "a.bmp").exists() == (collision == "skip")


def test_two_files_may_share_a_result_if_that_is_asked_for(desk):
    desk.start(collision="overwrite")
    for name in ("a.bmp", "a.tif"):
        desk.drop(name, ONE if name.endswith("bmp") else TWO)
        desk.look()
    of_the_second = desk.results()
    assert set(of_the_second) == {"a.png"}
    # A new mode does not make the first one's result anew, or take the name back.
    (desk.inbox / "a.bmp").chmod(0o600)
    assert desk.look() == 0
    # To put the first away would lose it: its result is not there.
    desk.start(collision="suffix", originals="delete")
    desk.look()
    assert len(desk.results()) == 2
    assert list(desk.inbox.glob("a.*")) == []


@pytest.mark.parametrize(("settings", "names"), [({}, {"a.png"}), ({"colors": 2}, {"a.png", "a-1.png"})])
def test_a_result_that_a_crash_kept_out_of_the_ledger(settings, names, desk):
    """It is taken over if it is what is to be made, and kept if not."""
    path = desk.drop("a.bmp", ONE)
    sample = desk.sample("a.bmp")
    publish(desk.desk.errand("a.bmp", sample))
    written = desk.results()["a.png"]
    desk.start(settings)
    assert desk.look() == 1
    assert set(desk.results()) == names
    assert desk.results()["a.png"] == written
    assert path.exists()


def test_a_result_that_comes_while_the_file_is_worked_on_is_kept(desk):
    desk.drop("a.bmp", ONE)
    errand = desk.desk.errand("a.bmp", desk.sample("a.bmp"))
    (desk.outbox / "a.png").write_bytes(RETOUCHED)
    assert desk.desk.finish("a.bmp", errand, publish(errand)) == "again"
    assert desk.look() == 1
    assert desk.results()["a.png"] == RETOUCHED
    assert set(desk.results()) == {"a.png", "a-1.png"}


def test_reasons_do_not_lead_out_and_are_one_line(desk, tmp_path):
    (tmp_path / "victim").write_text("mine")
    (desk.outbox / "a.bmp.kquant-failed.txt").symlink_to(tmp_path / "victim")
    for name in ("a.bmp", "b\x1b[2J\n.bmp"):
        desk.drop(name, b"no picture")
    desk.look()
    assert (tmp_path / "victim").read_text() == "mine"
    assert desk.log.count("failed") == 2
    text = (desk.outbox / "b\x1b[2J\n.bmp.kquant-failed.txt").read_text()
    assert text.startswith("b\\x1b[2J\\n.bmp: ")
    assert text.count("\n") == 1
