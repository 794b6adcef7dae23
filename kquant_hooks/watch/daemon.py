"""The daemon's loop: finds files that are ready, publishes them in worker processes, retries and checks."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field

from kquant_hooks.assets.batch import sweep_folders
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.processes.crash import Crash
from kquant_hooks.processes.pool import WorkerPool
from kquant_hooks.quantizer.threads import cores
from kquant_hooks.watch.backoff import Backoff
from kquant_hooks.watch.dispatch import Dispatcher
from kquant_hooks.watch.finder import Finder
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.publish import Job, JobResult, publish
from kquant_hooks.watch.reload import reloaded
from kquant_hooks.watch.results import ResultsFolder, ResultsGoneError

_NO_SPACE_ERRORS = {errno.ENOSPC, errno.EDQUOT}
# Waits between attempts at a file, after errors that may be temporary.
_FILE_BACKOFF = Backoff(first=1.0, limit=300.0)
# The number of attempts with --once, because a user waits for the end.
_ONCE_ATTEMPTS = 3
_CHECK_SECONDS = 2.0
# Seconds that running jobs have to finish when the daemon is asked to stop.
_GRACE_SECONDS = 8.0
# Seconds that they then have to undo what is unfinished.
_UNDO_SECONDS = 2.0
# The number of requests that means: stop at once.
_STOP_AT_ONCE = 2


@dataclass(slots=True)
class _Queue:
    """Files that are ready and failed attempts, by source; running jobs, by the pool's numbers."""

    ready: dict[str, Sample] = field(default_factory=dict)
    started: dict[int, tuple[str, Job]] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    count: int = 0

    @property
    def sources(self) -> set[str]:
        """Files that are being published."""
        return {source for source, _ in self.started.values()}

    def has(self, source: str) -> bool:
        """Whether a file is waiting to be published or is being published."""
        return source in self.ready or source in self.sources


class Daemon:
    """Watches one folder, as long as its ledger is open.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    results : ResultsFolder
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    plan : Plan
        The current one: its configuration may have been reloaded.
    """

    def __init__(
        self, plan: Plan, ledger: Ledger, results: ResultsFolder, log: Log, mailbox: Mailbox
    ) -> None:
        self.plan, self._ledger, self._results, self._log, self._mailbox = plan, ledger, results, log, mailbox
        self.dispatcher = Dispatcher(plan, ledger, results, log)
        self.finder = Finder(plan, self.dispatcher, ledger, log, mailbox)
        self._pool: WorkerPool[Job, JobResult] = WorkerPool(publish, plan.watch.jobs or cores(), threads=True)
        self._queue = _Queue()
        # When the next check is due, and when the next job may start.
        self._check_at = self._assign_at = 0.0

    @property
    def unfinished(self) -> int:
        """The number of jobs that were started and not finished."""
        return len(self._queue.started)

    def run(self) -> None:
        """Work until asked to stop or, with ``plan.once``, until there is nothing left to do."""
        try:
            while not self._mailbox.stop_requests and not (self.plan.once and self._is_idle()):
                if self._mailbox.take_reload_request():
                    self._reconfigure(reloaded(self.plan, self._log))
                self._step()
            self._finish_jobs()
        finally:
            self.finder.watcher.stop()
            self._pool.shutdown(0.0 if self._mailbox.stop_requests >= _STOP_AT_ONCE else _UNDO_SECONDS)

    def _step(self) -> None:
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_SECONDS
            self._results.check()
            self._results.mounts.refresh()
            self.finder.check(now)
            if self.plan.once and not self.finder.watcher.is_there:
                raise ResultsGoneError(f"{self.plan.inbox} is gone")
            if self._ledger.is_changed():
                self._take_up_claimed(now)
        for source, sample in self.finder.find(now, self._queue.has):
            self._queue.ready[source] = sample
        self._assign(now)
        for number, result in self._pool.wait(self._timeout(now), [self._mailbox.wakeup]):
            self._record(number, result)
        for number, crash in self._pool.kill_overdue():
            self._record(number, crash)

    def _reconfigure(self, plan: Plan) -> None:
        """Continue with other options; files whose jobs are running are processed again afterwards."""
        if plan is self.plan:
            return
        now = time.monotonic()
        self.plan = plan
        failures = self.dispatcher.failures
        self.dispatcher = Dispatcher(plan, self._ledger, self._results, self._log)
        self.dispatcher.failures = failures
        self.finder.watcher.stop()
        self.finder.reconfigure(plan, self.dispatcher)
        self._pool.resize(plan.watch.jobs or cores())
        self._check_at = now
        for source in self._queue.sources:
            self.finder.intake.changed(source, now)
        self._ledger.note(recursive=plan.watch.recursive)

    def _take_up_claimed(self, now: float) -> None:
        """Take up the files that another process has marked in the ledger, as ``--retry`` does."""
        for entry in self._ledger.entries("claimed"):
            if not self._queue.has(entry.source):
                self.finder.intake.found(entry.source, now)

    def _assign(self, now: float) -> None:
        running = self._queue.sources
        for source in list(self._queue.ready):
            if now < self._assign_at or not self._pool.can_start():
                return
            if source in running:
                continue
            sample = self._queue.ready.pop(source)
            # It may have been processed while it was waiting.
            try:
                is_done = self.dispatcher.is_done(source, sample)
                job = None if is_done else self.dispatcher.assign(source, sample)
            except OSError as error:
                self._retry_later(source, error, now)
                continue
            if job is not None:
                self._queue.count += 1
                self._queue.started[self._queue.count] = (source, job)
                self._pool.start(self._queue.count, job, job.policy.timeout)

    def _record(self, number: int, result: JobResult | Crash) -> None:
        if isinstance(result, Crash) and self._mailbox.stop_requests:
            # The request to stop also ended the worker; the ledger still has the claim.
            return
        source, job = self._queue.started.pop(number)
        now = time.monotonic()
        if isinstance(result, Crash):
            sweep_folders([job.result or job.path])
            # The file need not be the cause of a first crash, but it counts as the cause of a second one.
            may_be_temporary = not result.timed_out and source not in self._queue.failures
            outcome = Outcome(job.path, "failed", result.message, target=job.result)
            result = JobResult("done", job.sample, outcome, errno=-1 if may_be_temporary else 0)
        try:
            if self.dispatcher.record(source, job, result) == "again":
                self.finder.intake.changed(source, now)
            else:
                self._queue.failures.pop(source, None)
        except OSError as error:
            self._retry_later(source, error, now)

    def _retry_later(self, source: str, error: OSError, now: float) -> None:
        """Process a file again later, after an error that may be temporary."""
        reason = error.strerror or str(error)
        failures = self._queue.failures[source] = self._queue.failures.get(source, 0) + 1
        delay = _FILE_BACKOFF.delay(failures)
        gives_up = self.plan.once and failures >= _ONCE_ATTEMPTS
        what = "giving up" if gives_up else f"trying again in {delay:g} s"
        self._log.write(
            "trouble", f"{source}: {reason}; {what}", level="warning", source=source, reason=reason
        )
        if gives_up:
            self.dispatcher.failures += 1
            return
        if error.errno in _NO_SPACE_ERRORS:
            # Other files would also fail.
            self._assign_at = max(self._assign_at, now + delay)
        self.finder.intake.found(source, now, delay)

    def _timeout(self, now: float) -> float:
        """Seconds that the loop may sleep unless something happens."""
        if self.plan.once and self._is_idle():
            return 0.0
        times = [self._check_at, self.finder.next_at]
        if self._queue.ready.keys() - self._queue.sources and self._pool.free:
            times.append(self._assign_at)
        return max(0.0, min(times) - now)

    def _is_idle(self) -> bool:
        return self.finder.has_scanned and not (
            self._queue.ready or self._queue.started or len(self.finder.intake)
        )

    def _finish_jobs(self) -> None:
        """Let running jobs finish if that takes only seconds."""
        if self._pool.busy:
            text = f"stopping after the running jobs ({self._pool.busy}), within {_GRACE_SECONDS:g} s"
            self._log.write("stopping", f"{text}; ask again to stop at once")
        end = time.monotonic() + _GRACE_SECONDS
        while (
            self._pool.busy
            and self._mailbox.stop_requests < _STOP_AT_ONCE
            and (left := end - time.monotonic()) > 0
        ):
            self._mailbox.take()
            for number, result in self._pool.wait(left, [self._mailbox.wakeup]):
                self._record(number, result)
