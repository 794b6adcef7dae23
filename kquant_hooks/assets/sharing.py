"""Counts the colours of files on disk, for one palette for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kquant_hooks.assets.batch import lift_pillow_limit
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import outcome_of_error, read_file
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

if TYPE_CHECKING:
    from kquant_hooks.quantizer.histogram import Histogram

# One worker counts while the other's colours are added up. Memory does not grow with the number of pictures.
_WORKERS, _AHEAD = 2, 8


def count_each(paths: Sequence[Path], settings: Settings, policy: Policy) -> Iterator[Histogram | Outcome]:
    """Count all frames of each file, in order, in worker processes; an outcome if a file cannot be read."""
    from kquant_hooks.processes.crash import Crash
    from kquant_hooks.processes.pool import WorkerPool

    work = partial(count_file, settings=settings, policy=policy)
    pool: WorkerPool[Path, Histogram | Outcome] = WorkerPool(work, _WORKERS)
    counted: dict[int, Histogram | Outcome | Crash] = {}
    started = 0
    try:
        for turn, path in enumerate(paths):
            while turn not in counted:
                while started < min(turn + _AHEAD, len(paths)) and pool.can_start():
                    pool.start(started, paths[started], policy.timeout)
                    started += 1
                counted.update(pool.wait(None))
                counted.update(pool.kill_overdue())
            found = counted.pop(turn)
            yield Outcome(path, "failed", found.message) if isinstance(found, Crash) else found
    finally:
        pool.shutdown()


def count_file(path: Path, settings: Settings, policy: Policy) -> Histogram | Outcome:
    """Count all frames of an image file as they are seen; an outcome if it cannot be read."""
    lift_pillow_limit(policy)
    size = 0
    try:
        data = read_file(path, policy)
        size = len(data)

        from kquant_hooks.assets.convert import count
        from kquant_hooks.processes.memory import memory_limited

        with memory_limited(policy.max_memory):
            return count(data, settings, policy)
    except Exception as error:  # noqa: BLE001  any error that a broken file causes is about that file
        return outcome_of_error(error, path, None, size, policy)
