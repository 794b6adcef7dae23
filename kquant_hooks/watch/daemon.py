"""The daemon's loop: hears of files, waits until they are ready, has them published, and minds its health."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field

from kquant_hooks.assets.many import sweep_folders
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.processes.crash import Crash
from kquant_hooks.processes.pool import WorkerPool
from kquant_hooks.quantizer.threads import cores
from kquant_hooks.watch.desk import Desk
from kquant_hooks.watch.finder import Finder
from kquant_hooks.watch.home import Home, HomeGoneError
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.rereading import reread
from kquant_hooks.watch.work import Errand, Report, publish

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
# Seconds between attempts at what failed and may pass: doubled each time up to the last.
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 300.0
# Where nobody waits for more.
_TRIES_ONCE = 3
_CHECK_EVERY = 2.0
# Seconds for work in hand when the daemon is asked to stop.
_GRACE = 8.0
# And to undo what is not done by then.
_LAST_GRACE = 2.0
# So many wishes to stop are one to stop at once.
_AT_ONCE = 2


@dataclass(slots=True)
class _Work:
    """What is to be published, by source, and what is being published, by the pool's numbers."""

    ready: dict[str, Sample] = field(default_factory=dict)
    started: dict[int, tuple[str, Errand]] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    count: int = 0

    @property
    def sources(self) -> set[str]:
        """What is being published."""
        return {source for source, _ in self.started.values()}

    def has(self, source: str) -> bool:
        """Whether a file is to be published or is being published."""
        return source in self.ready or source in self.sources


class Daemon:
    """One watched folder, as long as its ledger is open.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    home : Home
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    plan : Plan
        As it is now: its configuration may have been read again.
    """

    def __init__(self, plan: Plan, ledger: Ledger, home: Home, log: Log, mailbox: Mailbox) -> None:
        self.plan, self._ledger, self._home, self._log, self._mailbox = plan, ledger, home, log, mailbox
        self.desk = Desk(plan, ledger, home, log)
        self.finder = Finder(plan, self.desk, ledger, log, mailbox)
        self._pool: WorkerPool[Errand, Report] = WorkerPool(publish, plan.watch.jobs or cores(), threads=True)
        self._work = _Work()
        # When the next check is, and when the next file may be begun.
        self._check_at = self._assign_at = 0.0

    @property
    def in_hand(self) -> int:
        """Files that were begun and not finished."""
        return len(self._work.started)

    def run(self) -> None:
        """Work until asked to stop, or, if that is the plan, until nothing is left to do."""
        try:
            while not self._mailbox.stops and not (self.plan.once and self._is_idle()):
                if self._mailbox.rereads():
                    self._go_by(reread(self.plan, self._log))
                self._turn()
            self._end()
        finally:
            self.finder.watching.stop()
            self._pool.shutdown(_LAST_GRACE if self._mailbox.stops < _AT_ONCE else 0.0)

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_EVERY
            self._home.check()
            self._home.mounts.look()
            self.finder.check(now)
            if self.plan.once and not self.finder.watching.is_there:
                raise HomeGoneError(f"{self.plan.inbox} is gone")
            if self._ledger.is_changed():
                self._retry(now)
        for source, sample in self.finder.find(now, self._work.has):
            self._work.ready[source] = sample
        self._assign(now)
        for number, result in self._pool.wait(self._pause(now), [self._mailbox.bell]):
            self._finish(number, result)
        for number, crash in self._pool.kill_overdue():
            self._finish(number, crash)

    def _go_by(self, plan: Plan) -> None:
        """Go on with other options; what is in hand is done by those that it was begun with, then anew."""
        if plan is self.plan:
            return
        now = time.monotonic()
        self.plan = plan
        failures = self.desk.failures
        self.desk = Desk(plan, self._ledger, self._home, self._log)
        self.desk.failures = failures
        self.finder.watching.stop()
        self.finder.go_by(plan, self.desk)
        self._pool.resize(plan.watch.jobs or cores())
        self._check_at = now
        for source in self._work.sources:
            self.finder.intake.changed(source, now)
        self._ledger.note(recursive=plan.watch.recursive)

    def _retry(self, now: float) -> None:
        """Take up the files of which another process has put down in the ledger that they are to be."""
        for entry in self._ledger.entries("claimed"):
            if not self._work.has(entry.source):
                self.finder.intake.found(entry.source, now)

    def _assign(self, now: float) -> None:
        at_work = self._work.sources
        for source in list(self._work.ready):
            if now < self._assign_at or not self._pool.can_start():
                return
            if source in at_work:
                continue
            sample = self._work.ready.pop(source)
            # It may have been done since it was ready, while it waited for its turn.
            try:
                errand = None if self.desk.is_done(source, sample) else self.desk.errand(source, sample)
            except OSError as error:
                self._put_off(source, error, now)
                continue
            if errand is not None:
                self._work.count += 1
                self._work.started[self._work.count] = (source, errand)
                self._pool.start(self._work.count, errand, errand.policy.timeout)

    def _finish(self, number: int, result: Report | Crash) -> None:
        if isinstance(result, Crash) and self._mailbox.stops:
            # Whoever asked for the stop ended it; the ledger has its claim.
            return
        source, errand = self._work.started.pop(number)
        now = time.monotonic()
        if isinstance(result, Crash):
            sweep_folders([errand.result or errand.path])
            # It may have been killed for no fault of the file's, but not again and again.
            blameless = not result.timed_out and source not in self._work.tries
            outcome = Outcome(errand.path, "failed", result.message, target=errand.result)
            result = Report("done", errand.sample, outcome, -1 if blameless else 0)
        try:
            if self.desk.finish(source, errand, result) == "again":
                self.finder.intake.changed(source, now)
            else:
                self._work.tries.pop(source, None)
        except OSError as error:
            self._put_off(source, error, now)

    def _put_off(self, source: str, error: OSError, now: float) -> None:
        """Try again later what may pass."""
        reason = error.strerror or str(error)
        tries = self._work.tries[source] = self._work.tries.get(source, 0) + 1
        pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LAST_PAUSE)
        give_up = self.plan.once and tries >= _TRIES_ONCE
        what = "given up" if give_up else f"tried again in {pause:g} s"
        self._log.say("trouble", f"{source}: {reason}; {what}", level="warning", source=source, reason=reason)
        if give_up:
            self.desk.failures += 1
            return
        if error.errno in _NO_SPACE:
            # Others would meet the same.
            self._assign_at = max(self._assign_at, now + pause)
        self.finder.intake.found(source, now, pause)

    def _pause(self, now: float) -> float:
        """Seconds that the loop may sleep for, unless something happens."""
        if self.plan.once and self._is_idle():
            return 0.0
        times = [self._check_at, self.finder.next_at]
        if self._work.ready.keys() - self._work.sources and self._pool.free:
            times.append(self._assign_at)
        return max(0.0, min(times) - now)

    def _is_idle(self) -> bool:
        return self.finder.has_looked and not (
            self._work.ready or self._work.started or len(self.finder.intake)
        )

    def _end(self) -> None:
        """Let work in hand come to its end, as long as that takes no time to speak of."""
        if self._pool.busy:
            text = f"stopping once {self._pool.busy} in hand are done, in {_GRACE:g} s at most"
            self._log.say("stopping", f"{text}; ask again to stop at once")
        end = time.monotonic() + _GRACE
        while self._pool.busy and self._mailbox.stops < _AT_ONCE and (left := end - time.monotonic()) > 0:
            self._mailbox.take()
            for number, result in self._pool.wait(left, [self._mailbox.bell]):
                self._finish(number, result)
