"""``kquant watch``: which file is which version of which picture, and whose its result is."""

from __future__ import annotations

import os
import shutil

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.watch.publish import publish

ONE, TWO, THREE = picture(1), picture(2), picture(3)
AWAY = pytest.mark.parametrize("originals", ["archive", "delete"])


@pytest.fixture
def dispatcher(tmp_path):
    made = DispatcherHarness(tmp_path)
    yield made
    made.close()


@AWAY
def test_the_next_picture_of_a_name_gets_its_own_result(originals, dispatcher):
    dispatcher.start(originals=originals)
    for data in (ONE, TWO, THREE):
        dispatcher.drop("scan.bmp", data)
        assert dispatcher.look() == 1
        assert not (dispatcher.inbox / "scan.bmp").exists()
    results = dispatcher.results()
    assert set(results) == {"scan.png", "scan-1.png", "scan-2.png"}
    assert len(set(results.values())) == 3
    archived = {path.read_bytes() for path in (dispatcher.inbox / ".originals").iterdir()}
    assert archived == ({ONE, TWO, THREE} if originals == "archive" else set())


@AWAY
def test_the_next_picture_of_a_name_size_and_time_is_another_one(originals, dispatcher):
    """Of the same inode as well, where the file system uses it again at once."""
    dispatcher.start(originals=originals)
    dispatcher.drop("scan.bmp", ONE)
    stamp = (dispatcher.inbox / "scan.bmp").stat()
    dispatcher.look()
    for data in (TWO, THREE):
        path = dispatcher.inbox / "scan.bmp"
        path.write_bytes(data)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"scan.png", "scan-1.png", "scan-2.png"}


@AWAY
def test_the_next_picture_may_come_before_the_one_before_it_is_missed(originals, dispatcher):
    dispatcher.start(originals=originals)
    dispatcher.drop("scan.bmp", ONE)
    assert dispatcher.work("scan.bmp")
    dispatcher.drop("scan.bmp", TWO)
    assert dispatcher.work("scan.bmp")
    assert set(dispatcher.results()) == {"scan.png", "scan-1.png"}


@AWAY
def test_nothing_is_put_away_whose_content_was_not_read(originals, dispatcher):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    before = dispatcher.results()
    dispatcher.rewrite("a.bmp", TWO)
    dispatcher.start(originals=originals)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png"}
    assert dispatcher.results() != before
    assert not (dispatcher.inbox / "a.bmp").exists()


def test_a_file_that_is_written_over_in_place_with_its_time_set_back_is_another_version(dispatcher):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    before = dispatcher.results()
    dispatcher.rewrite("a.bmp", TWO)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png"}
    assert dispatcher.results() != before


def test_a_file_that_is_removed_leaves_its_name_to_another_one(dispatcher):
    dispatcher.drop("a.bmp", ONE).unlink()
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    (dispatcher.inbox / "a.bmp").unlink()
    dispatcher.gone("a.bmp")
    dispatcher.drop("a.bmp", TWO)
    assert dispatcher.look() == 1
    # While both are there, an edited one is the same picture.
    dispatcher.drop("a.bmp", THREE)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png", "a-1.png"}


def test_a_file_that_is_taken_away_and_brought_back_is_the_same_one(dispatcher, tmp_path):
    path = dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    path.rename(tmp_path / "aside")
    dispatcher.gone("a.bmp")
    (tmp_path / "aside").rename(path)
    assert dispatcher.look() == 0
    # And so is an edited version of it.
    dispatcher.drop("a.bmp", TWO)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png"}


def test_a_new_mode_or_name_is_no_new_version(dispatcher):
    path = dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    for change in (
        lambda: path.chmod(0o600),
        lambda: path.rename(dispatcher.inbox / ".a").rename(path),
        lambda: (dispatcher.inbox / "link").hardlink_to(path) or (dispatcher.inbox / "link").unlink(),
    ):
        change()
        assert dispatcher.look() == 0
    # Nor is a result made again that somebody has taken.
    (dispatcher.outbox / "a.png").unlink()
    path.chmod(0o640)
    assert dispatcher.look() == 0
    assert dispatcher.results() == {}


def test_the_same_content_once_more_is_done_once_more_only_where_its_result_is_missed(dispatcher):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    dispatcher.drop("a.bmp", ONE)
    assert dispatcher.look() == 0
    (dispatcher.outbox / "a.png").unlink()
    dispatcher.drop("a.bmp", ONE)
    assert dispatcher.look() == 1
    assert set(dispatcher.results()) == {"a.png"}


@AWAY
@pytest.mark.parametrize("what", ["taken", "changed"])
def test_an_original_whose_result_is_not_there_any_more_is_done_again_before_it_is_put_away(
    originals, what, dispatcher
):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.look()
    made = dispatcher.results()["a.png"]
    (dispatcher.outbox / "a.png").unlink()
    if what == "changed":
        (dispatcher.outbox / "a.png").write_bytes(TWO)
    dispatcher.start(originals=originals)
    assert dispatcher.look() == 1
    assert dispatcher.results() == ({"a.png": TWO, "a-1.png": made} if what == "changed" else {"a.png": made})
    assert not (dispatcher.inbox / "a.bmp").exists()


@AWAY
def test_originals_that_are_there_with_their_results_are_put_away_without_work(originals, dispatcher):
    for name in ("a.bmp", "sub/b.bmp"):
        dispatcher.drop(name, ONE)
    dispatcher.look()
    dispatcher.start(originals=originals)
    assert dispatcher.look() == 0
    assert set(dispatcher.results()) == {"a.png", "sub/b.png"}
    assert [path for path in dispatcher.inbox.rglob("*.bmp") if ".originals" not in path.parts] == []


def test_an_archive_that_is_a_link_is_not_used(dispatcher, tmp_path):
    (tmp_path / "victim").mkdir()
    (dispatcher.inbox / ".originals").symlink_to(tmp_path / "victim")
    dispatcher.start(originals="archive")
    dispatcher.drop("a.bmp", ONE)
    assert dispatcher.look() == 1
    assert (dispatcher.inbox / "a.bmp").read_bytes() == ONE
    assert list((tmp_path / "victim").iterdir()) == []
    assert dispatcher.log.count("warning") == 1
    # Its result is still its own.
    dispatcher.drop("a.bmp", TWO)
    dispatcher.look()
    assert set(dispatcher.results()) == {"a.png"}


def test_files_are_not_forgotten_where_their_share_is_gone(dispatcher, tmp_path):
    dispatcher.drop("a.bmp", ONE)
    dispatcher.drop("b.bmp", TWO)
    dispatcher.look()
    # Somebody takes results away as they come.
    (dispatcher.outbox / "a.png").unlink()
    dispatcher.inbox.rename(tmp_path / "share")
    dispatcher.inbox.mkdir()
    dispatcher.look()
    dispatcher.gone("b.bmp")
    dispatcher.inbox.rmdir()
    (tmp_path / "share").rename(dispatcher.inbox)
    assert dispatcher.look() == 0
    # A folder that is filled anew is used from then on.
    shutil.rmtree(dispatcher.inbox)
    dispatcher.inbox.mkdir()
    dispatcher.drop("c.bmp", THREE)
    dispatcher.look()
    assert {entry.source for entry in dispatcher.ledger.entries()} == {"b.bmp", "c.bmp"}


def test_a_file_in_place_is_done_once_for_each_content(dispatcher):
    dispatcher.start(in_place=True)
    path = dispatcher.drop("a.bmp", ONE)
    assert dispatcher.look() == 1
    done = path.read_bytes()
    path.chmod(0o600)
    os.utime(path)
    assert dispatcher.look() == 0
    assert path.read_bytes() == done
    dispatcher.rewrite("a.bmp", done[:-1] + bytes([done[-1] ^ 1]))
    dispatcher.look()
    assert dispatcher.log.count("published") == 2
    assert {path.name for path in dispatcher.inbox.iterdir()} == {"a.bmp", ".kquant"}


def nothing(path) -> None:
    """No such file."""


def link(path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("become", [os.mkdir, link, nothing])
def test_a_file_that_becomes_something_else_before_it_is_read_has_not_failed(become, dispatcher):
    path = dispatcher.drop("sub/a.bmp", ONE)
    job = dispatcher.dispatcher.assign("sub/a.bmp", dispatcher.sample("sub/a.bmp"))
    path.unlink()
    become(path)
    assert publish(job).finding == "changed"
    # Or the folder that it is in.
    shutil.rmtree(path.parent)
    become(path.parent)
    assert publish(job).finding == "changed"
