"""The daemon's dispatcher without the daemon: folders, a ledger, and a scan when a test asks for it."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from drawings import saved
from PIL import Image

from kquant_hooks.config.resolving import resolver
from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.mounts import Mounts
from kquant_hooks.options.watch import Watch
from kquant_hooks.watch.dispatch import Dispatcher
from kquant_hooks.watch.folder import files_in, sample_of
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.publish import publish
from kquant_hooks.watch.results import open_results

# More scans than any file needs.
_ENOUGH = 20


def picture(seed: int, colors: int = 9) -> bytes:
    """A small picture; all have the same size in bytes."""
    draw = random.Random(seed)
    image = Image.new("RGB", (8, 8))
    palette = [tuple(draw.randbytes(3)) for _ in range(colors)]
    image.putdata([palette[index % colors] for index in range(64)])
    return saved(image, "BMP")


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def write(self, event: str, text: str, **_: object) -> None:
        self.events.append((event, text))

    def count(self, event: str) -> int:
        return sum(name == event for name, _ in self.events)


class DispatcherHarness:
    """What ``kquant watch in out`` would do with a folder."""

    def __init__(self, folder: Path, options: Mapping[str, Any] | None = None, **watch: Any) -> None:
        self.inbox, self.outbox = folder / "in", folder / "out"
        self.log = Lines()
        self.inbox.mkdir(exist_ok=True)
        (self.outbox / ".kquant").mkdir(parents=True, exist_ok=True)
        self.opened = ExitStack()
        self.start(options, **watch)

    def start(self, options: Mapping[str, Any] | None = None, **watch: Any) -> None:
        """Start, or restart with other options."""
        self.close()
        self.watch = dict(watch)
        in_place = watch.pop("in_place", False)
        base = {"format": "same" if in_place else "png"}
        resolve = resolver({"colors": 4, **(options or {})}, None, base, self.inbox)
        outbox = None if in_place else self.outbox
        plan = Plan(self.inbox, outbox, Watch(**watch), resolve, None, frozenset(), lambda: plan)
        plan.state_dir.mkdir(exist_ok=True)
        self.ledger = Ledger(plan.state_dir)
        self.opened = ExitStack()
        self.opened.callback(self.ledger.close)
        results = self.opened.enter_context(open_results(plan.results_dir, Mounts([self.inbox, self.outbox])))
        self.dispatcher = Dispatcher(plan, self.ledger, results, self.log)

    def close(self) -> None:
        self.opened.close()

    def look(self) -> int:
        """Process what is not done; returns how many results were published."""
        before = self.log.count("published")
        for _ in range(_ENOUGH):
            with open_folder(self.inbox) as root:
                todo = [source for source, _ in files_in(root) if self.work(source)]
            if not todo:
                break
        else:
            raise AssertionError(f"it does not end: {todo}")
        with open_folder(self.inbox) as root:
            self.dispatcher.prune(root)
        return self.log.count("published") - before

    def gone(self, source: str) -> None:
        """What the daemon does when a file is gone."""
        with open_folder(self.inbox) as root:
            self.dispatcher.record_gone(root, source)

    def sample(self, source: str) -> Sample | None:
        return sample_of(str(self.inbox / source))

    def work(self, source: str) -> bool:
        """Process a file; returns whether there was something to do."""
        sample = self.sample(source)
        if sample is None or self.dispatcher.is_done(source, sample):
            return False
        job = self.dispatcher.assign(source, sample)
        if job is not None:
            assert self.dispatcher.record(source, job, publish(job)) in ("done", "again")
        return True

    def drop(self, name: str, data: bytes) -> Path:
        """Move a file into the folder, with another inode."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.outbox.parent / "part").write_bytes(data)
        return (self.outbox.parent / "part").rename(path)

    def rewrite(self, name: str, data: bytes) -> None:
        """Overwrite a file as ``cp -p`` does: inode, size and times stay, except the ctime."""
        path = self.inbox / name
        stamp = path.stat()
        assert len(data) == stamp.st_size
        with path.open("r+b") as file:
            file.write(data)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    def results(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.outbox)): path.read_bytes()
            for path in self.outbox.rglob("*")
            if path.is_file() and ".kquant" not in path.parts
        }
