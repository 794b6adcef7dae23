"""Shares that are unmounted under the daemon: nothing is written, or put away, that nobody will see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import Daemon, reason, until
from desks import DeskOf, picture

from kquant_hooks.disk.folder import open_folder
from kquant_hooks.watch.folder import sample_of
from kquant_hooks.watch.home import HomeGoneError
from kquant_hooks.watch.work import publish

NAMES = [f"{number}.bmp" for number in range(12)]


class Shares:
    """Folders of their own, mounted and unmounted as shares are."""

    def __init__(self) -> None:
        self.places: list[Path] = []

    def mount(self, share: Path, place: Path) -> None:
        share.mkdir(exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", share, place], check=True, timeout=60)
        self.places.append(place)

    def unmount(self, place: Path) -> None:
        subprocess.run(["umount", "--lazy", place], check=True, timeout=60)
        self.places.remove(place)


@pytest.fixture
def shares() -> Iterator[Shares]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts something")
    made = Shares()
    yield made
    for place in list(made.places):
        made.unmount(place)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.end()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskOf]:
    made = DeskOf(tmp_path, originals="delete")
    yield made
    made.close()


def test_an_outbox_that_is_unmounted_before_the_next_check(daemon, shares, tmp_path):
    shares.mount(tmp_path / "share", daemon.outbox)
    daemon.start("--originals", "delete", "--settle", "1s")
    sources = [daemon.put(name, picture(number)) for number, name in enumerate(NAMES)]
    shares.unmount(daemon.outbox)
    daemon.says("trouble", "out is gone, or the ledger in it")
    daemon.says("trouble", "out is there without its ledger")
    assert list(daemon.outbox.iterdir()) == []
    assert all(source.exists() for source in sources)
    shares.mount(tmp_path / "share", daemon.outbox)
    daemon.shows(*(f"{number}.png" for number in range(12)))
    until(lambda: not any(source.exists() for source in sources))


def test_a_share_in_the_outbox_that_is_unmounted_holds_up_its_own_files_alone(daemon, shares, tmp_path):
    shares.mount(tmp_path / "share", daemon.outbox / "sub")
    daemon.start("--originals", "delete")
    shares.unmount(daemon.outbox / "sub")
    source = daemon.put("sub/a.bmp", picture(1))
    other = daemon.put("b.bmp", picture(2))
    daemon.says(
        "trouble", "out/sub is not mounted any more; to go on without it, restart kquant watch; tried again"
    )
    until(lambda: not other.exists())
    assert daemon.results() == {"b.png"}
    assert source.exists()
    shares.mount(tmp_path / "share", daemon.outbox / "sub")
    until(lambda: not source.exists())
    assert (tmp_path / "share/a.png").exists()
    assert daemon.results() == {"b.png", "sub/a.png"}


def test_files_on_a_share_that_is_unmounted_are_known_when_it_is_back(daemon, shares, tmp_path):
    shares.mount(tmp_path / "share", daemon.inbox / "sub")
    daemon.start("--rescan", "1s")
    (daemon.inbox / "sub/bad.jpg").write_bytes(b"no picture")
    (daemon.inbox / "sub/a.bmp").write_bytes(picture(1))
    (daemon.inbox / "b.bmp").write_bytes(picture(2))
    daemon.shows("sub/a.png", "b.png", "sub/" + reason("bad.jpg"))
    shares.unmount(daemon.inbox / "sub")
    (daemon.inbox / "b.bmp").unlink()
    daemon.put("c.bmp", picture(3))
    daemon.shows("sub/a.png", "b.png", "c.png", "sub/" + reason("bad.jpg"))
    shares.mount(tmp_path / "share", daemon.inbox / "sub")
    (daemon.inbox / "sub/a.bmp").write_bytes(picture(4))
    until(lambda: daemon.count("published") == 4)
    assert daemon.results() == {"sub/a.png", "b.png", "c.png", "sub/" + reason("bad.jpg")}
    assert daemon.count("failed") == 1


def swapped(folder: Path) -> Path:
    """Another folder under the name, as where a share was unmounted; returns where the first one is."""
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    return away


def errand_of(desk: DeskOf, name: str):
    desk.drop(name, picture(1))
    sample = desk.sample(name)
    return desk.desk.errand(name, sample)


def test_a_worker_writes_to_no_other_folder_of_results(desk):
    errand = errand_of(desk, "a.bmp")
    away = swapped(desk.outbox)
    report = publish(errand)
    assert report.outcome.status == "failed"
    assert report.outcome.reason.endswith("out is another folder now")
    with pytest.raises(HomeGoneError):
        desk.desk.finish("a.bmp", errand, report)
    assert list(desk.outbox.iterdir()) == []
    assert [path.name for path in away.iterdir()] == [".kquant"]
    assert (desk.inbox / "a.bmp").exists()


def test_a_worker_writes_nothing_beside_another_ledger(desk):
    errand = errand_of(desk, "a.bmp")
    swapped(desk.outbox / ".kquant")
    assert publish(errand).outcome.reason.endswith("out has another ledger now")
    assert not (desk.outbox / "a.png").exists()


def test_nothing_is_put_away_whose_result_may_be_elsewhere(desk):
    errand = errand_of(desk, "a.bmp")
    report = publish(errand)
    assert (desk.outbox / "a.png").exists()
    away = swapped(desk.outbox)
    with pytest.raises(HomeGoneError):
        desk.desk.finish("a.bmp", errand, report)
    assert (desk.inbox / "a.bmp").exists()
    # With the folder back it is seen that all is done.
    desk.outbox.rmdir()
    away.rename(desk.outbox)
    desk.start(originals="delete")
    before = sample_of(str(desk.outbox / "a.png"))
    desk.look()
    assert sample_of(str(desk.outbox / "a.png")) == before
    assert not (desk.inbox / "a.bmp").exists()


def test_reasons_are_written_to_the_folder_that_was_opened(desk):
    desk.drop("bad.bmp", b"no picture")
    errand = desk.desk.errand("bad.bmp", desk.sample("bad.bmp"))
    report = publish(errand)
    desk.desk.finish("bad.bmp", errand, report)
    away = swapped(desk.outbox)
    with open_folder(desk.inbox) as root:
        (desk.inbox / "bad.bmp").unlink()
        desk.desk.gone(root, "bad.bmp")
    assert [path.name for path in away.iterdir()] == [".kquant"]
    shutil.rmtree(away)


def test_in_place_another_folder_is_left_alone(tmp_path):
    desk = DeskOf(tmp_path, in_place=True)
    errand = errand_of(desk, "a.bmp")
    away = swapped(desk.inbox)
    (away / "a.bmp").rename(desk.inbox / "a.bmp")
    report = publish(errand)
    assert report.finding == "done"
    assert report.outcome.reason.endswith("in is another folder now")
    assert (desk.inbox / "a.bmp").read_bytes() == picture(1)
    desk.close()
