"""``kquant watch``: which file is which version of which picture, and whose its result is."""

from __future__ import annotations

import os
import shutil

import pytest
from desks import DeskOf, picture

from kquant_hooks.watch.work import publish

ONE, TWO, THREE = picture(1), picture(2), picture(3)
AWAY = pytest.mark.parametrize("originals", ["archive", "delete"])


@pytest.fixture
def desk(tmp_path):
    made = DeskOf(tmp_path)
    yield made
    made.close()


@AWAY
def test_the_next_picture_of_a_name_gets_its_own_result(originals, desk):
    desk.start(originals=originals)
    for data in (ONE, TWO, THREE):
        desk.drop("scan.bmp", data)
        assert desk.look() == 1
        assert not (desk.inbox / "scan.bmp").exists()
    results = desk.results()
    assert set(results) == {"scan.png", "scan-1.png", "scan-2.png"}
    assert len(set(results.values())) == 3
    archived = {path.read_bytes() for path in (desk.inbox / ".originals").iterdir()}
    assert archived == ({ONE, TWO, THREE} if originals == "archive" else set())


@AWAY
def test_the_next_picture_of_a_name_size_and_time_is_another_one(originals, desk):
    """Of the same inode as well, where the file system uses it again at once."""
    desk.start(originals=originals)
    desk.drop("scan.bmp", ONE)
    stamp = (desk.inbox / "scan.bmp").stat()
    desk.look()
    for data in (TWO, THREE):
        path = desk.inbox / "scan.bmp"
        path.write_bytes(data)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert desk.look() == 1
    assert set(desk.results()) == {"scan.png", "scan-1.png", "scan-2.png"}


@AWAY
def test_the_next_picture_may_come_before_the_one_before_it_is_missed(originals, desk):
    desk.start(originals=originals)
    desk.drop("scan.bmp", ONE)
    assert desk.work("scan.bmp")
    desk.drop("scan.bmp", TWO)
    assert desk.work("scan.bmp")
    assert set(desk.results()) == {"scan.png", "scan-1.png"}


@AWAY
def test_nothing_is_put_away_whose_content_was_not_read(originals, desk):
    desk.drop("a.bmp", ONE)
    desk.look()
    before = desk.results()
    desk.rewrite("a.bmp", TWO)
    desk.start(originals=originals)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png"}
    assert desk.results() != before
    assert not (desk.inbox / "a.bmp").exists()


def test_a_file_that_is_written_over_in_place_with_its_time_set_back_is_another_version(desk):
    desk.drop("a.bmp", ONE)
    desk.look()
    before = desk.results()
    desk.rewrite("a.bmp", TWO)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png"}
    assert desk.results() != before


def test_a_file_that_is_removed_leaves_its_name_to_another_one(desk):
    desk.drop("a.bmp", ONE).unlink()
    desk.drop("a.bmp", ONE)
    desk.look()
    (desk.inbox / "a.bmp").unlink()
    desk.gone("a.bmp")
    desk.drop("a.bmp", TWO)
    assert desk.look() == 1
    # While both are there, an edited one is the same picture.
    desk.drop("a.bmp", THREE)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png", "a-1.png"}


def test_a_file_that_is_taken_away_and_brought_back_is_the_same_one(desk, tmp_path):
    path = desk.drop("a.bmp", ONE)
    desk.look()
    path.rename(tmp_path / "aside")
    desk.gone("a.bmp")
    (tmp_path / "aside").rename(path)
    assert desk.look() == 0
    # And so is an edited version of it.
    desk.drop("a.bmp", TWO)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png"}


def test_a_new_mode_or_name_is_no_new_version(desk):
    path = desk.drop("a.bmp", ONE)
    desk.look()
    for change in (
        lambda: path.chmod(0o600),
        lambda: path.rename(desk.inbox / ".a").rename(path),
        lambda: (desk.inbox / "link").hardlink_to(path) or (desk.inbox / "link").unlink(),
    ):
        change()
        assert desk.look() == 0
    # Nor is a result made again that somebody has taken.
    (desk.outbox / "a.png").unlink()
    path.chmod(0o640)
    assert desk.look() == 0
    assert desk.results() == {}


def test_the_same_content_once_more_is_done_once_more_only_where_its_result_is_missed(desk):
    desk.drop("a.bmp", ONE)
    desk.look()
    desk.drop("a.bmp", ONE)
    assert desk.look() == 0
    (desk.outbox / "a.png").unlink()
    desk.drop("a.bmp", ONE)
    assert desk.look() == 1
    assert set(desk.results()) == {"a.png"}


@AWAY
@pytest.mark.parametrize("what", ["taken", "changed"])
def test_an_original_whose_result_is_not_there_any_more_is_done_again_before_it_is_put_away(
    originals, what, desk
):
    desk.drop("a.bmp", ONE)
    desk.look()
    made = desk.results()["a.png"]
    (desk.outbox / "a.png").unlink()
    if what == "changed":
        (desk.outbox / "a.png").write_bytes(TWO)
    desk.start(originals=originals)
    assert desk.look() == 1
    assert desk.results() == ({"a.png": TWO, "a-1.png": made} if what == "changed" else {"a.png": made})
    assert not (desk.inbox / "a.bmp").exists()


@AWAY
def test_originals_that_are_there_with_their_results_are_put_away_without_work(originals, desk):
    for name in ("a.bmp", "sub/b.bmp"):
        desk.drop(name, ONE)
    desk.look()
    desk.start(originals=originals)
    assert desk.look() == 0
    assert set(desk.results()) == {"a.png", "sub/b.png"}
    assert [path for path in desk.inbox.rglob("*.bmp") if ".originals" not in path.parts] == []


def test_an_archive_that_is_a_link_is_not_used(desk, tmp_path):
    (tmp_path / "victim").mkdir()
    (desk.inbox / ".originals").symlink_to(tmp_path / "victim")
    desk.start(originals="archive")
    desk.drop("a.bmp", ONE)
    assert desk.look() == 1
    assert (desk.inbox / "a.bmp").read_bytes() == ONE
    assert list((tmp_path / "victim").iterdir()) == []
    assert desk.log.count("warning") == 1
    # Its result is still its own.
    desk.drop("a.bmp", TWO)
    desk.look()
    assert set(desk.results()) == {"a.png"}


def test_files_are_not_forgotten_where_their_share_is_gone(desk, tmp_path):
    desk.drop("a.bmp", ONE)
    desk.drop("b.bmp", TWO)
    desk.look()
    # Somebody takes results away as they come.
    (desk.outbox / "a.png").unlink()
    desk.inbox.rename(tmp_path / "share")
    desk.inbox.mkdir()
    desk.look()
    desk.gone("b.bmp")
    desk.inbox.rmdir()
    (tmp_path / "share").rename(desk.inbox)
    assert desk.look() == 0
    # A folder that is filled anew is used from then on.
    shutil.rmtree(desk.inbox)
    desk.inbox.mkdir()
    desk.drop("c.bmp", THREE)
    desk.look()
    assert {entry.source for entry in desk.ledger.entries()} == {"b.bmp", "c.bmp"}


def test_a_file_in_place_is_done_once_for_each_content(desk):
    desk.start(in_place=True)
    path = desk.drop("a.bmp", ONE)
    assert desk.look() == 1
    done = path.read_bytes()
    path.chmod(0o600)
    os.utime(path)
    assert desk.look() == 0
    assert path.read_bytes() == done
    desk.rewrite("a.bmp", done[:-1] + bytes([done[-1] ^ 1]))
    desk.look()
    assert desk.log.count("published") == 2
    assert {path.name for path in desk.inbox.iterdir()} == {"a.bmp", ".kquant"}


def nothing(path) -> None:
    """No such file."""


def link(path) -> None:
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("become", [os.mkdir, link, nothing])
def test_a_file_that_becomes_something_else_before_it_is_read_has_not_failed(become, desk):
    path = desk.drop("sub/a.bmp", ONE)
    errand = desk.desk.errand("sub/a.bmp", desk.sample("sub/a.bmp"))
    path.unlink()
    become(path)
    assert publish(errand).finding == "changed"
    # Or the folder that it is in.
    shutil.rmtree(path.parent)
    become(path.parent)
    assert publish(errand).finding == "changed"
