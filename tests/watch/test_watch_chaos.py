"""``kquant watch`` while folders are moved, exchanged, removed and replaced by links."""

from __future__ import annotations

import ctypes
import random
import shutil
import sys
import time
from pathlib import Path

import pytest
from daemons import PHOTO, until

from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.rename import exchange

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and links of Unix")
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux exchanges folders and tells of processes"
)
# Only events find files within the time of a test.
LONG = ("--rescan", "1h")


def swap(folder: Path, one: str, other: str) -> None:
    with open_folder(folder) as opened:
        if not exchange(opened, one, other):
            pytest.skip("this file system exchanges nothing")


def threads_and_files(process: int) -> tuple[int, int]:
    return len(list(Path(f"/proc/{process}/task").iterdir())), len(
        list(Path(f"/proc/{process}/fd").iterdir())
    )


@LINUX
def test_what_is_dropped_after_folders_changed_places_is_found(daemon):
    for name in ("one/deep", "two/deep", "three"):
        (daemon.inbox / name).mkdir(parents=True)
    daemon.start(*LONG)
    names: set[str] = set()
    used = []
    for turn in range(6):
        swap(daemon.inbox, *(("one", "two"), ("two", "three"))[turn % 2])
        for number, folder in enumerate(("one", "two", "three")):
            daemon.put(f"{folder}/{turn}{number}.jpg")
        # Each file moved with its folder, so it is a new file.
        until(lambda: daemon.status()["waiting"] == {})
        names = {path.name for path in daemon.inbox.rglob("*.jpg")}
        assert len(names) == 3 * (turn + 1)
        assert {Path(result).stem for result in daemon.results()} == {
            name.removesuffix(".jpg") for name in names
        }
        used.append(threads_and_files(daemon.running.pid))
    # Stopped observers leave neither threads nor open files.
    assert used[-1][0] <= used[0][0]
    assert used[-1][1] <= used[0][1] + 2
    assert daemon.stop() == 0


@LINUX
def test_a_stop_right_after_folders_changed_places(daemon):
    for name in ("one", "two"):
        (daemon.inbox / name).mkdir()
    daemon.start(*LONG)
    swap(daemon.inbox, "one", "two")
    assert daemon.stop() == 0


def obey_permissions() -> None:
    """Apply permissions to an administrator, too, in the process that is about to start."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):
        # From <linux/prctl.h> and <linux/capability.h>: to override permissions, and to read and search.
        libc.prctl(24, capability, 0, 0, 0)


@LINUX
def test_a_folder_that_cannot_be_read_is_said_and_found_once_it_can_be(daemon):
    path = daemon.put("sub/a.jpg")
    path.parent.chmod(0)
    daemon.start(*LONG, preexec_fn=obey_permissions)
    daemon.says("warning", "in/sub cannot be read: Permission denied; its files must wait")
    assert "polling" not in str(daemon.status()["observer"])
    path.parent.chmod(0o755)
    daemon.shows("sub/a.png")
    daemon.put("sub/b.jpg")
    daemon.shows("sub/a.png", "sub/b.png")
    assert daemon.stop() == 0


class Chaos:
    """Random changes of a folder."""

    def __init__(self, daemon, seed: int) -> None:
        self.daemon, self.random = daemon, random.Random(seed)
        self.outside = daemon.folder / "outside"
        self.outside.mkdir()
        self.count = 0

    def place(self, *, within: bool = True) -> Path:
        """A path that may be that of a folder."""
        inbox = self.daemon.inbox
        above = [path for path in inbox.rglob("*") if path.is_dir() and not path.is_symlink()]
        above = [path for path in above if len(path.relative_to(inbox).parts) < 3]
        return self.random.choice([inbox, *above] if within else [self.outside]) / self.random.choice("abcd")

    def drop(self) -> None:
        self.count += 1
        (self.daemon.folder / "part").write_bytes(PHOTO)
        (self.daemon.folder / "part").rename(self.place().parent / f"{self.count}.jpg")

    def make(self) -> None:
        self.place().mkdir(exist_ok=True)

    def move(self) -> None:
        self.place().rename(self.place())

    def take_out(self) -> None:
        self.place().rename(self.place(within=False))

    def put_back(self) -> None:
        self.place(within=False).rename(self.place())

    def remove(self) -> None:
        shutil.rmtree(self.place())

    def link(self) -> None:
        place = self.place()
        place.rename(self.outside / f"linked{self.count}")
        place.symlink_to(self.outside / f"linked{self.count}")

    def unlink(self) -> None:
        place = self.place()
        target = place.readlink()
        place.unlink()
        target.rename(place)

    def exchange(self) -> None:
        with open_folder(self.daemon.inbox) as inbox:
            one, other = (str(self.place().relative_to(self.daemon.inbox)) for _ in range(2))
            exchange(inbox, one, other)

    def exchange_with_outside(self) -> None:
        with open_folder(self.daemon.folder) as folder:
            one, other = (self.place(within=within) for within in (True, False))
            exchange(folder, *(str(path.relative_to(self.daemon.folder)) for path in (one, other)))

    def act(self) -> None:
        acts = [self.drop, self.drop, self.make, self.move, self.take_out, self.put_back]
        acts += [self.remove, self.link, self.unlink, self.exchange, self.exchange_with_outside]
        try:
            self.random.choice(acts)()
        except OSError:
            # The folder does not exist, or it contains the target.
            self.make()


@LINUX
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_whatever_happens_to_folders(seed, daemon):
    daemon.start(*LONG)
    chaos = Chaos(daemon, seed)
    for _ in range(250):
        chaos.act()
        time.sleep(chaos.random.choice((0, 0, 0.001, 0.02)))
    chaos.drop()
    until(lambda: daemon.status()["waiting"] == {}, "something was not found")
    kept = {str(path.relative_to(daemon.inbox)) for path in daemon.inbox.rglob("*.jpg")}
    assert kept
    assert {name.removesuffix("jpg") for name in kept} <= {
        name.removesuffix("png") for name in daemon.results()
    }
    assert daemon.stop() == 0
    assert {event["event"] for event in daemon.events("trouble")} <= {"trouble"}
    assert not [event for event in daemon.events("trouble") if "restarting in" in str(event["text"])]
