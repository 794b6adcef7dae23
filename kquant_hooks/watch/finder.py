"""Finds files to process in the watched folder: by events, and by scanning it."""

from __future__ import annotations

import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from itertools import islice

from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.watch.dispatch import Dispatcher
from kquant_hooks.watch.folder import EXHAUSTED, files_in, is_readable, is_wanted, stat_in, version_in
from kquant_hooks.watch.intake import Intake, Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.watcher import Watcher

# Seconds until the next attempt to read a file that could not be read.
_RETRY_SECONDS = 5.0
# If folders are moved all the time, scans take at most this share of the time.
_MAX_SCAN_SHARE = 0.1
# The number of unreadable folders that each check tries to read again.
_MAX_FOLDERS_CHECKED = 100


class Finder:
    """Finds files in the watched folder that are ready and not processed yet.

    Parameters
    ----------
    plan : Plan
    dispatcher : Dispatcher
    ledger : Ledger
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    intake : Intake
        Files that were found and are not ready yet.
    watcher : Watcher
    has_scanned : bool
        Whether it has scanned the whole folder.
    """

    def __init__(
        self, plan: Plan, dispatcher: Dispatcher, ledger: Ledger, log: Log, mailbox: Mailbox
    ) -> None:
        self._ledger, self._log, self._mailbox = ledger, log, mailbox
        self.intake = Intake(plan.watch.settle, plan.patience)
        self.has_scanned = False
        # Files that were already processed at the last scan.
        self._done: dict[str, Sample] = {}
        # Folders that it could not read, and why.
        self._unreadable: dict[str, str] = {}
        self._scan_at = 0.0
        self._full_scan_at = 0.0
        # When to restart the observer because folders were moved, and the earliest time for that.
        self._restart_at = math.inf
        self._restart_not_before = 0.0
        self.reconfigure(plan, dispatcher)

    def reconfigure(self, plan: Plan, dispatcher: Dispatcher) -> None:
        """Continue with other options."""
        self._plan, self._dispatcher = plan, dispatcher
        self.intake.settle, self.intake.patience = plan.watch.settle, plan.patience
        # Its first check is a reason to scan everything.
        self.watcher = Watcher(plan, self._log, self._mailbox)
        self._missed = True

    @property
    def next_at(self) -> float:
        """When there may be something to do, even if nothing happens."""
        times = [self._restart_at, self.intake.next_check()]
        if self.watcher.is_there:
            times.append(self._scan_at)
        return min(times)

    def check(self, now: float) -> None:
        """Check that events arrive, and whether unreadable folders have become readable."""
        self._missed |= self.watcher.check(now)
        if self._unreadable and (root := self._root()) is not None:
            with root:
                unreadable = islice(self._unreadable, _MAX_FOLDERS_CHECKED)
                if any(is_readable(root, folder) for folder in unreadable):
                    self._restart_at = now

    def find(self, now: float, is_taken: Callable[[str], bool]) -> Iterator[tuple[str, Sample]]:
        """Files that are ready, and their versions.

        Parameters
        ----------
        now : float
        is_taken : callable
            Whether a file is waiting to be published or is being published.
        """
        mail = self._mailbox.take()
        self.watcher.report_missed(mail.missed)
        if mail.moved:
            self._restart_at = min(self._restart_at, max(now, self._restart_not_before))
        restarted = now >= self._restart_at
        if restarted:
            self._restart_at = math.inf
            self.watcher.restart(now)
        missed, self._missed = self._missed or bool(mail.missed), False
        root = self._root()
        if root is None:
            # The next check finds out why. Once the folder is back, everything is scanned.
            self._missed = missed or restarted
            self._scan_at = now + _RETRY_SECONDS
            for source in self.intake.due(now):
                self.intake.postpone(source, now + _RETRY_SECONDS)
            return
        with root:
            for path in mail.paths:
                self._handle_change(root, path, now)
            if missed or restarted or now >= self._scan_at:
                start = time.monotonic()
                if missed:
                    self._done.clear()
                self._scan(root, now, is_taken, full=missed or now >= self._full_scan_at)
                end = time.monotonic()
                self._restart_not_before = end + (end - start) / _MAX_SCAN_SHARE
            for source in self.intake.due(now):
                if (sample := self._ready_version(root, source, now)) is not None:
                    yield source, sample

    def _root(self) -> Folder | None:
        """The watched folder; None if it is gone or has been replaced since the last check."""
        if self.watcher.root is None:
            return None
        try:
            return open_folder(self._plan.inbox, identity=self.watcher.root)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            return None

    def _handle_change(self, root: Folder, path: str, now: float) -> None:
        source = os.path.relpath(path, self._plan.inbox)
        if source == os.curdir or source.startswith(os.pardir) or not is_wanted(source):
            return
        found = stat_in(root, source)
        if found is not None and stat.S_ISDIR(found.st_mode):
            # Files in a folder that was moved in, or was filled at once, may have caused no events.
            if self._plan.watch.recursive:
                for inner, _ in files_in(root, source):
                    self.intake.found(inner, now)
        elif self._plan.watch.recursive or os.sep not in source:
            self.intake.changed(source, now)

    def _scan(self, root: Folder, now: float, is_taken: Callable[[str], bool], *, full: bool) -> None:
        """Scan the whole folder for versions of files that the ledger does not know.

        The ledger is asked about an unchanged file only if events may have been missed or it is waiting.
        """
        done, self._done = self._done, {}
        for source in self._dispatcher.waiting() if full else ():
            done.pop(source, None)
        unreadable: dict[str, str] = {}
        recursive = self._plan.watch.recursive
        seen = set()
        for source, sample in files_in(root, recursive=recursive, unreadable=unreadable.__setitem__):
            seen.add(source)
            if source in self.intake or is_taken(source):
                continue
            if done.get(source) == sample or self._dispatcher.is_done(source, sample):
                self._done[source] = sample
            else:
                self.intake.found(source, now)
        for source in done.keys() - seen:
            self.intake.found(source, now)
        self._report_unreadable(unreadable)
        self.has_scanned = True
        if full:
            self._full_scan_at = now + self._plan.watch.rescan
            self._dispatcher.prune(root)
            # Another scan finds what changed while the observer was restarting.
            if self.watcher.check_coverage(root, now):
                self._restart_at = now
            self._ledger.note(last_scan=time.time(), observer=self.watcher.kind)
        # Computed last: the check of the coverage may have shortened it.
        self._scan_at = now + self.watcher.interval

    def _report_unreadable(self, unreadable: dict[str, str]) -> None:
        """Log which folders cannot be read: each once, until it can be read again."""
        for folder in unreadable.keys() - self._unreadable.keys():
            text = f"{self._plan.inbox / folder} cannot be read: {unreadable[folder]}; its files must wait"
            self._log.write("warning", text, level="warning")
            if self._plan.once:
                self._dispatcher.failures += 1
        self._unreadable = unreadable

    def _ready_version(self, root: Folder, source: str, now: float) -> Sample | None:
        """The version of a file; None if it is not ready or has been processed."""
        try:
            # The path of an event may lead through a link, which a scan never follows.
            sample = version_in(root, source)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            # A share does not respond, or the folder is not readable.
            self.intake.postpone(source, now + _RETRY_SECONDS)
            return None
        verdict = self.intake.checked(source, sample, now)
        if verdict == "ready" and sample is not None and not self._dispatcher.is_done(source, sample):
            return sample
        if verdict == "gone":
            self._dispatcher.record_gone(root, source)
        elif verdict == "unsettled":
            reason = "it is empty" if sample is not None and not sample.size else "it keeps changing"
            self._log.write("unsettled", f"{source} is not ready: {reason}", level="warning", source=source)
            if self._plan.once:
                self._dispatcher.failures += 1
                self.intake.forget(source)
        return None
