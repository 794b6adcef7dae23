"""Many files, each in a worker process, so that none can stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import outcome_and_bytes, process
from kquant_hooks.disk.folder import open_folder
from kquant_hooks.options.limits import MOST_OF_ONE, most_of_one
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

if TYPE_CHECKING:
    from kquant_hooks.processes.crash import Crash


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of one call of ``process``, as they are sent to a worker process."""

    path: Path
    settings: Settings
    policy: Policy
    target: Path | None = None
    dry_run: bool = False
    force: bool = False
    real: Path | None = None
    real_target: Path | None = None
    data: bytes | None = None


def process_each(
    items: Sequence[Job | Outcome],
    workers: int,
    *,
    done: Callable[[Outcome], None] = lambda _: None,
    tick: Callable[[], None] = lambda: None,
    all_cores: bool = True,
) -> Iterator[Outcome]:
    """Yield outcomes in the order of the items, whichever item is done first.

    Parameters
    ----------
    items : sequence of Job or Outcome
        Outcomes that are known already are passed on. Without a job, no process is started.
    workers : int
        The largest number of processes at once, at least 1.
    done : callable
        Called with each outcome as soon as it is known, even if it is yielded later.
    tick : callable
        Called several times a second while the workers are busy.
    all_cores : bool
        Whether a single worker process may use every core; False if the other cores are busy already.
    """
    known = [(index, item) for index, item in enumerate(items) if isinstance(item, Outcome)]
    jobs = [(index, item) for index, item in enumerate(items) if isinstance(item, Job)]
    waiting: dict[int, Outcome] = {}
    place = 0
    for index, outcome in chain(known, _processed(jobs, workers, tick, all_cores)):
        waiting[index] = outcome
        done(outcome)
        while place in waiting:
            yield waiting.pop(place)
            place += 1


def result_of(job: Job) -> tuple[Outcome, bytes | None]:
    """Run a job without writing: the outcome if writing succeeds, and the bytes to write, if any."""
    from kquant_hooks.processes.crash import Crash
    from kquant_hooks.processes.pool import run_each

    ((_, result),) = run_each(_result_of, [job], 1, all_cores=True, limit=_timeout_of)
    return (_crashed(job, result), None) if isinstance(result, Crash) else result


def _processed(
    jobs: list[tuple[int, Job]],
    workers: int,
    tick: Callable[[], None],
    all_cores: bool,  # noqa: FBT001  private
) -> Iterator[tuple[int, Outcome]]:
    if not jobs:
        return
    # Loading the code that runs processes takes as long as loading everything else.
    from kquant_hooks.processes.crash import Crash
    from kquant_hooks.processes.pool import run_each

    workers = min(workers, len(jobs))
    for number, result in run_each(
        _work,
        (job for _, job in jobs),
        workers,
        tick,
        all_cores=all_cores and workers == 1,
        limit=_timeout_of,
    ):
        index, job = jobs[number]
        if isinstance(result, Crash):
            sweep_folders([job.real_target or job.real or job.target or job.path])
            result = _crashed(job, result)
        yield index, result


def _timeout_of(job: Job) -> float:
    return job.policy.timeout


def _crashed(job: Job, crash: Crash) -> Outcome:
    return Outcome(job.path, "failed", f"{crash.message}; the file is unchanged", target=job.target)


def _result_of(job: Job) -> tuple[Outcome, bytes | None]:
    """Run a job without writing; called in a worker process."""
    lift_pillow_limit(job.policy)
    return outcome_and_bytes(job.path, job.settings, job.policy, job.target, job.data)


def _work(job: Job) -> Outcome:
    """Run a job; called in a worker process."""
    from kquant_hooks.processes.worker import exit_if_orphaned

    lift_pillow_limit(job.policy)
    return process(
        job.path,
        job.settings,
        job.policy,
        target=job.target,
        dry_run=job.dry_run,
        force=job.force,
        real=job.real,
        real_target=job.real_target,
        data=job.data,
        before_rename=exit_if_orphaned,
    )


def sweep_folders(files: Iterable[Path]) -> None:
    """Remove the temporary files that killed runs have left in the folders of some files."""
    from kquant_hooks.disk.temporary import sweep

    for path in {file.parent for file in files}:
        with suppress(OSError), open_folder(path) as folder:
            sweep(folder)


def lift_pillow_limit(policy: Policy) -> None:
    """Lift Pillow's limit, which is the default, in this process if the policy sets a higher one."""
    if most_of_one(policy.max_pixels) > MOST_OF_ONE:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = None
