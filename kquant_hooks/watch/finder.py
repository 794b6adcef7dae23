"""Which files are to be taken in: what is heard of the watched folder, and what a look through it shows."""

from __future__ import annotations

import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from itertools import islice

from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.watch.desk import Desk
from kquant_hooks.watch.folder import EXHAUSTED, files_in, found_in, is_readable, is_wanted, version_in
from kquant_hooks.watch.intake import Intake, Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.watching import Watching

# Seconds until another look at what could not be looked at.
_PAUSE = 5.0
# However often folders are moved, looking through all of them takes no more than this share of the time.
_SHARE = 0.1
# Folders that cannot be read of which it is asked, at each check, whether they can be.
_MOST_ASKED = 100


class Finder:
    """Finds files in the watched folder that are ready and not dealt with.

    Parameters
    ----------
    plan : Plan
    desk : Desk
    ledger : Ledger
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    intake : Intake
        What was found and is not ready yet.
    watching : Watching
    has_looked : bool
        Whether it has looked through the whole folder.
    """

    def __init__(self, plan: Plan, desk: Desk, ledger: Ledger, log: Log, mailbox: Mailbox) -> None:
        self._ledger, self._log, self._mailbox = ledger, log, mailbox
        self.intake = Intake(plan.watch.settle, plan.patience)
        self.has_looked = False
        # What the last look through the folder found done.
        self._known: dict[str, Sample] = {}
        # Folders that it could not read, and why.
        self._closed: dict[str, str] = {}
        self._look_at = 0.0
        self._thorough_at = 0.0
        # When to begin to watch anew, as folders were moved; and when that may be at the earliest.
        self._renew_at = math.inf
        self._rested = 0.0
        self.go_by(plan, desk)

    def go_by(self, plan: Plan, desk: Desk) -> None:
        """Go on with other options."""
        self._plan, self._desk = plan, desk
        self.intake.settle, self.intake.patience = plan.watch.settle, plan.patience
        # Its first check is a reason to look at everything.
        self.watching = Watching(plan, self._log, self._mailbox)
        self._missed = True

    @property
    def next_at(self) -> float:
        """When there may be something to do, unless something happens."""
        times = [self._renew_at, self.intake.next_look()]
        if self.watching.is_there:
            times.append(self._look_at)
        return min(times)

    def check(self, now: float) -> None:
        """See that changes are heard of."""
        self._missed |= self.watching.check(now)
        if self._closed and (root := self._root()) is not None:
            with root:
                if any(is_readable(root, folder) for folder in islice(self._closed, _MOST_ASKED)):
                    self._renew_at = now

    def find(self, now: float, is_taken: Callable[[str], bool]) -> Iterator[tuple[str, Sample]]:
        """Files that are ready, and their versions.

        Parameters
        ----------
        now : float
        is_taken : callable
            Whether a file has been found before and is not done with.
        """
        mail = self._mailbox.take()
        self.watching.doubt(mail.doubts)
        if mail.moved:
            self._renew_at = min(self._renew_at, max(now, self._rested))
        renewed = now >= self._renew_at
        if renewed:
            self._renew_at = math.inf
            self.watching.renew(now)
        doubtful, self._missed = self._missed or bool(mail.doubts), False
        root = self._root()
        if root is None:
            # The next check says more; what is heard of then is that it is there again.
            self._missed = doubtful or renewed
            self._look_at = now + _PAUSE
            for source in self.intake.due(now):
                self.intake.postpone(source, now + _PAUSE)
            return
        with root:
            for path in mail.paths:
                self._hear(root, path, now)
            if doubtful or renewed or now >= self._look_at:
                start = time.monotonic()
                if doubtful:
                    self._known.clear()
                self._look_through(root, now, is_taken, thorough=doubtful or now >= self._thorough_at)
                end = time.monotonic()
                self._rested = end + (end - start) / _SHARE
            for source in self.intake.due(now):
                if (sample := self._looked(root, source, now)) is not None:
                    yield source, sample

    def _root(self) -> Folder | None:
        """The watched folder, as long as it is the one that is watched."""
        if self.watching.root is None:
            return None
        try:
            return open_folder(self._plan.inbox, identity=self.watching.root)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            return None

    def _hear(self, root: Folder, path: str, now: float) -> None:
        source = os.path.relpath(path, self._plan.inbox)
        if source == os.curdir or source.startswith(os.pardir) or not is_wanted(source):
            return
        found = found_in(root, source)
        if found is not None and stat.S_ISDIR(found.st_mode):
            # What is in a folder that was moved in, or made and filled, may not have been heard of.
            if self._plan.watch.recursive:
                for inner, _ in files_in(root, source):
                    self.intake.found(inner, now)
        elif self._plan.watch.recursive or os.sep not in source:
            self.intake.changed(source, now)

    def _look_through(
        self, root: Folder, now: float, is_taken: Callable[[str], bool], *, thorough: bool
    ) -> None:
        """Look through the whole folder for what the ledger does not know.

        It is asked again about files that stay the same only where there is doubt, or where one waits.
        """
        known, self._known = self._known, {}
        for source in self._desk.waiting() if thorough else ():
            known.pop(source, None)
        closed: dict[str, str] = {}
        recursive = self._plan.watch.recursive
        seen = set()
        for source, sample in files_in(root, recursive=recursive, unreadable=closed.__setitem__):
            seen.add(source)
            if source in self.intake or is_taken(source):
                continue
            if known.get(source) == sample or self._desk.is_done(source, sample):
                self._known[source] = sample
            else:
                self.intake.found(source, now)
        for source in known.keys() - seen:
            self.intake.found(source, now)
        self._say_closed(closed)
        self.has_looked = True
        if thorough:
            self._thorough_at = now + self._plan.watch.rescan
            self._desk.prune(root)
            # What happens while it begins to watch anew is found by another look.
            if self.watching.check_coverage(root, now):
                self._renew_at = now
            self._ledger.note(last_scan=time.time(), observer=self.watching.kind)
        # Which the look at the watches may just have made shorter.
        self._look_at = now + self.watching.interval

    def _say_closed(self, closed: dict[str, str]) -> None:
        """Say which folders cannot be read, each once for as long as that lasts."""
        for folder in closed.keys() - self._closed.keys():
            text = f"{self._plan.inbox / folder} cannot be read: {closed[folder]}; what is in it has to wait"
            self._log.say("warning", text, level="warning")
            if self._plan.once:
                self._desk.failures += 1
        self._closed = closed

    def _looked(self, root: Folder, source: str, now: float) -> Sample | None:
        """The version of a file, if it is ready and not dealt with."""
        try:
            # A look through the folder does not follow links; what was heard of may lie behind one.
            sample = version_in(root, source)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            # A share that does not answer, or a folder that may not be read.
            self.intake.postpone(source, now + _PAUSE)
            return None
        verdict = self.intake.looked(source, sample, now)
        if verdict == "ready" and sample is not None and not self._desk.is_done(source, sample):
            return sample
        if verdict == "gone":
            self._desk.gone(root, source)
        elif verdict == "unsettled":
            reason = "it is empty" if sample is not None and not sample.size else "it goes on changing"
            self._log.say("unsettled", f"{source} is not ready: {reason}", level="warning", source=source)
            if self._plan.once:
                self._desk.failures += 1
                self.intake.forget(source)
        return None
