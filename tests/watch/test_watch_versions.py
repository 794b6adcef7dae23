"""``kquant watch``: which file is which version of which picture, and which file owns a result."""

from __future__ import annotations

import os
import shutil

import pytest
from dispatchers import DispatcherHarness, picture

from kquant_hooks.watch.publish import publish

ONE, TWO, THREE = picture(1), picture(2), picture(3)
AWAY = pytest.mark.parametrize("originals", ["archive", "delete"])


@pytest.fixture
def harness(tmp_path):
    made = DispatcherHarness(tmp_path)
    yield made
    made.close()


@AWAY
def test_the_next_picture_of_a_name_gets_its_own_result(originals, harness):
    harness.start(originals=originals)
    for data in (ONE, TWO, THREE):
        harness.drop("scan.bmp", data)
        assert harness.look() == 1
        assert not (harness.inbox / "scan.bmp").exists()
    results = harness.results()
    assert set(results) == {"scan.png", "scan-1.png", "scan-2.png"}
    assert len(set(results.values())) == 3
    archived = {path.read_bytes() for path in (harness.inbox / ".originals").iterdir()}
    assert archived == ({ONE, TWO, THREE} if originals == "archive" else set())


@AWAY
def test_the_next_picture_of_a_name_size_and_time_is_another_one(originals, harness):
    """With the same inode, too, if the file system reuses it at once."""
    harness.start(originals=originals)
    harness.drop("scan.bmp", ONE)
    stamp = (harness.inbox / "scan.bmp").stat()
    harness.look()
    for data in (TWO, THREE):
        path = harness.inbox / "scan.bmp"
        path.write_bytes(data)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert harness.look() == 1
    assert set(harness.results()) == {"scan.png", "scan-1.png", "scan-2.png"}


@AWAY
def test_the_next_picture_may_come_before_the_one_before_it_is_missed(originals, harness):
    harness.start(originals=originals)
    harness.drop("scan.bmp", ONE)
    assert harness.work("scan.bmp")
    harness.drop("scan.bmp", TWO)
    assert harness.work("scan.bmp")
    assert set(harness.results()) == {"scan.png", "scan-1.png"}


@AWAY
def test_no_original_is_removed_whose_content_was_not_read(originals, harness):
    harness.drop("a.bmp", ONE)
    harness.look()
    before = harness.results()
    harness.rewrite("a.bmp", TWO)
    harness.start(originals=originals)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png"}
    assert harness.results() != before
    assert not (harness.inbox / "a.bmp").exists()


def test_a_file_that_is_written_over_in_place_with_its_time_set_back_is_another_version(harness):
    harness.drop("a.bmp", ONE)
    harness.look()
    before = harness.results()
    harness.rewrite("a.bmp", TWO)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png"}
    assert harness.results() != before


def test_a_file_that_is_removed_leaves_its_name_to_another_one(harness):
    harness.drop("a.bmp", ONE).unlink()
    harness.drop("a.bmp", ONE)
    harness.look()
    (harness.inbox / "a.bmp").unlink()
    harness.gone("a.bmp")
    harness.drop("a.bmp", TWO)
    assert harness.look() == 1
    # As long as both exist, an edited one is the same picture.
    harness.drop("a.bmp", THREE)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png", "a-1.png"}


def test_a_file_that_is_taken_away_and_brought_back_is_the_same_one(harness, tmp_path):
    path = harness.drop("a.bmp", ONE)
    harness.look()
    path.rename(tmp_path / "aside")
    harness.gone("a.bmp")
    (tmp_path / "aside").rename(path)
    assert harness.look() == 0
    # And so is an edited version of it.
    harness.drop("a.bmp", TWO)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png"}


def test_a_new_mode_or_name_is_not_a_new_version(harness):
    path = harness.drop("a.bmp", ONE)
    harness.look()
    for change in (
        lambda: path.chmod(0o600),
        lambda: path.rename(harness.inbox / ".a").rename(path),
        lambda: (harness.inbox / "link").hardlink_to(path) or (harness.inbox / "link").unlink(),
    ):
        change()
        assert harness.look() == 0
    # A result that a user has taken away is not made again either.
    (harness.outbox / "a.png").unlink()
    path.chmod(0o640)
    assert harness.look() == 0
    assert harness.results() == {}


def test_the_same_content_is_processed_again_only_if_its_result_is_missing(harness):
    harness.drop("a.bmp", ONE)
    harness.look()
    harness.drop("a.bmp", ONE)
    assert harness.look() == 0
    (harness.outbox / "a.png").unlink()
    harness.drop("a.bmp", ONE)
    assert harness.look() == 1
    assert set(harness.results()) == {"a.png"}


@AWAY
@pytest.mark.parametrize("what", ["taken", "changed"])
def test_an_original_whose_result_is_gone_is_processed_again_before_it_is_removed(originals, what, harness):
    harness.drop("a.bmp", ONE)
    harness.look()
    made = harness.results()["a.png"]
    (harness.outbox / "a.png").unlink()
    if what == "changed":
        (harness.outbox / "a.png").write_bytes(TWO)
    harness.start(originals=originals)
    assert harness.look() == 1
    assert harness.results() == ({"a.png": TWO, "a-1.png": made} if what == "changed" else {"a.png": made})
    assert not (harness.inbox / "a.bmp").exists()


@AWAY
def test_originals_that_are_there_with_their_results_are_removed_without_work(originals, harness):
    for name in ("a.bmp", "sub/b.bmp"):
        harness.drop(name, ONE)
    harness.look()
    harness.start(originals=originals)
    assert harness.look() == 0
    assert set(harness.results()) == {"a.png", "sub/b.png"}
    assert [path for path in harness.inbox.rglob("*.bmp") if ".originals" not in path.parts] == []


def test_an_archive_that_is_a_link_is_not_used(harness, tmp_path):
    (tmp_path / "victim").mkdir()
    (harness.inbox / ".originals").symlink_to(tmp_path / "victim")
    harness.start(originals="archive")
    harness.drop("a.bmp", ONE)
    assert harness.look() == 1
    assert (harness.inbox / "a.bmp").read_bytes() == ONE
    assert list((tmp_path / "victim").iterdir()) == []
    assert harness.log.count("warning") == 1
    # It still owns its result.
    harness.drop("a.bmp", TWO)
    harness.look()
    assert set(harness.results()) == {"a.png"}


def test_files_are_not_forgotten_where_their_share_is_gone(harness, tmp_path):
    harness.drop("a.bmp", ONE)
    harness.drop("b.bmp", TWO)
    harness.look()
    # A user takes results away as they arrive.
    (harness.outbox / "a.png").unlink()
    harness.inbox.rename(tmp_path / "share")
    harness.inbox.mkdir()
    harness.look()
    harness.gone("b.bmp")
    harness.inbox.rmdir()
    (tmp_path / "share").rename(harness.inbox)
    assert harness.look() == 0
    # A folder with new files is used from then on.
    shutil.rmtree(harness.inbox)
    harness.inbox.mkdir()
    harness.drop("c.bmp", THREE)
    harness.look()
    assert {entry.source for entry in harness.ledger.entries()} == {"b.bmp", "c.bmp"}


def test_a_file_in_place_is_done_once_for_each_content(harness):
    harness.start(in_place=True)
    path = harness.drop("a.bmp", ONE)
    assert harness.look() == 1
    done = path.read_bytes()
    path.chmod(0o600)
    os.utime(path)
    assert harness.look() == 0
    assert path.read_bytes() == done
    harness.rewrite("a.bmp", done[:-1] + bytes([done[-1] ^ 1]))
    harness.look()
    assert harness.log.count("published") == 2
    assert {path.name for path in harness.inbox.iterdir()} == {"a.bmp", ".kquant"}


def nothing(path) -> None:
    """The file does not exist."""


def link(path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("become", [os.mkdir, link, nothing])
def test_a_file_that_is_replaced_before_it_is_read_has_not_failed(become, harness):
    path = harness.drop("sub/a.bmp", ONE)
    job = harness.dispatcher.assign("sub/a.bmp", harness.sample("sub/a.bmp"))
    path.unlink()
    become(path)
    assert publish(job).finding == "changed"
    # Or its folder.
    shutil.rmtree(path.parent)
    become(path.parent)
    assert publish(job).finding == "changed"
