"""Shares that are unmounted while the daemon runs: no file is written or archived out of sight."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemons import Daemon, reason, until
from dispatchers import DispatcherHarness, picture

from kquant_hooks.disk.folder import open_folder
from kquant_hooks.watch.folder import sample_of
from kquant_hooks.watch.publish import publish
from kquant_hooks.watch.results import ResultsGoneError

NAMES = [f"{number}.bmp" for number in range(12)]


class Shares:
    """Separate folders, mounted and unmounted as shares are."""

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
def harness(tmp_path: Path) -> Iterator[DispatcherHarness]:
    made = DispatcherHarness(tmp_path, originals="delete")
    yield made
    made.close()


def test_an_outbox_that_is_unmounted_before_the_next_check(daemon, shares, tmp_path):
    shares.mount(tmp_path / "share", daemon.outbox)
    daemon.start("--originals", "delete", "--settle", "1s")
    sources = [daemon.put(name, picture(number)) for number, name in enumerate(NAMES)]
    shares.unmount(daemon.outbox)
    daemon.says("trouble", "out or its ledger is gone")
    daemon.says("trouble", "out has lost its ledger")
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
        "trouble", "out/sub is no longer mounted; to continue without it, restart kquant watch; trying again"
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
    """Put another folder in its place, as if a share was unmounted; returns where the first one is."""
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    return away


def job_of(harness: DispatcherHarness, name: str):
    harness.drop(name, picture(1))
    sample = harness.sample(name)
    return harness.dispatcher.assign(name, sample)


def test_a_worker_writes_to_no_other_folder_of_results(harness):
    job = job_of(harness, "a.bmp")
    away = swapped(harness.outbox)
    report = publish(job)
    assert report.outcome.status == "failed"
    assert report.outcome.reason.endswith("out is a different folder now")
    with pytest.raises(ResultsGoneError):
        harness.dispatcher.record("a.bmp", job, report)
    assert list(harness.outbox.iterdir()) == []
    assert [path.name for path in away.iterdir()] == [".kquant"]
    assert (harness.inbox / "a.bmp").exists()


def test_a_worker_writes_nothing_to_a_folder_with_another_ledger(harness):
    job = job_of(harness, "a.bmp")
    swapped(harness.outbox / ".kquant")
    assert publish(job).outcome.reason.endswith("out has a different ledger now")
    assert not (harness.outbox / "a.png").exists()


def test_no_original_is_removed_whose_result_may_be_elsewhere(harness):
    job = job_of(harness, "a.bmp")
    report = publish(job)
    assert (harness.outbox / "a.png").exists()
    away = swapped(harness.outbox)
    with pytest.raises(ResultsGoneError):
        harness.dispatcher.record("a.bmp", job, report)
    assert (harness.inbox / "a.bmp").exists()
    # When the folder is back, everything is found done.
    harness.outbox.rmdir()
    away.rename(harness.outbox)
    harness.start(originals="delete")
    before = sample_of(str(harness.outbox / "a.png"))
    harness.look()
    assert sample_of(str(harness.outbox / "a.png")) == before
    assert not (harness.inbox / "a.bmp").exists()


def test_reasons_are_written_to_the_folder_that_was_opened(harness):
    harness.drop("bad.bmp", b"no picture")
    job = harness.dispatcher.assign("bad.bmp", harness.sample("bad.bmp"))
    report = publish(job)
    harness.dispatcher.record("bad.bmp", job, report)
    away = swapped(harness.outbox)
    with open_folder(harness.inbox) as root:
        (harness.inbox / "bad.bmp").unlink()
        harness.dispatcher.record_gone(root, "bad.bmp")
    assert [path.name for path in away.iterdir()] == [".kquant"]
    shutil.rmtree(away)


def test_in_place_another_folder_is_left_alone(tmp_path):
    harness = DispatcherHarness(tmp_path, in_place=True)
    job = job_of(harness, "a.bmp")
    away = swapped(harness.inbox)
    (away / "a.bmp").rename(harness.inbox / "a.bmp")
    report = publish(job)
    assert report.finding == "done"
    assert report.outcome.reason.endswith("in is a different folder now")
    assert (harness.inbox / "a.bmp").read_bytes() == picture(1)
    harness.close()
