"""Keeps the observer of the folder running, and notices when events may have been missed."""

from __future__ import annotations

import errno
import time

from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.disk.mounts import network_of
from kquant_hooks.watch.backoff import Backoff
from kquant_hooks.watch.folder import folders_in, identity
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.observer import Observer, watched_folders
from kquant_hooks.watch.plan import Plan

_REMEDY = (
    "raise the limit with 'sysctl fs.inotify.max_user_watches=524288' (and fs.inotify.max_user_instances=512)"
)
_MIN_POLLING_SECONDS = 1.0
_RESTART_BACKOFF = Backoff(first=1.0, limit=60.0)
# If the wall clock and the monotonic clock drift apart by this much, the machine was asleep.
_SLEEP_SECONDS = 30.0


class Watcher:
    """Watches the inbox of a daemon.

    Parameters
    ----------
    plan : Plan
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    root : tuple of int, optional
        Device and inode of the folder at the last check; None: it did not exist.
    polling : bool
        Whether the folder is scanned at short intervals because not all events arrive.
    """

    def __init__(self, plan: Plan, log: Log, mailbox: Mailbox) -> None:
        self._plan = plan
        self._log = log
        self._mailbox = mailbox
        self.root: Identity | None = None
        self._is_checked = False
        self._observer: Observer | None = None
        self._failures = 0
        self._restart_at = 0.0
        self._clock_offset = time.time() - time.monotonic()
        network = network_of(plan.inbox)
        self.polling = plan.watch.polling or network is not None
        self._uses_events = not self.polling
        if network is not None and not plan.watch.polling:
            self._warn(f"{plan.inbox} is on {network}, which reports no events: polling it instead")

    @property
    def kind(self) -> str:
        """Such as ``inotify`` or ``polling every 2 s``."""
        names = [self._observer.kind] if self._observer is not None else []
        if self.polling:
            names.append(f"polling every {self.interval:g} s")
        return " and ".join(names) or "nothing, because the folder is gone"

    @property
    def interval(self) -> float:
        """Seconds between scans of the folder."""
        watch = self._plan.watch
        return min(max(_MIN_POLLING_SECONDS, watch.settle), watch.rescan) if self.polling else watch.rescan

    @property
    def is_there(self) -> bool:
        """Whether the folder existed at the last check."""
        return self.root is not None

    def check(self, now: float) -> bool:
        """Check the folder and the observer; returns whether events may have been missed."""
        offset = time.time() - time.monotonic()
        missed = abs(offset - self._clock_offset) > _SLEEP_SECONDS
        self._clock_offset = offset
        root = identity(self._plan.inbox)
        if root != self.root:
            missed = True
            if root is None:
                state = "gone: waiting for it"
            else:
                state = "back" if self.root is None else "a different folder now"
            if self._is_checked:
                self._warn(f"{self._plan.inbox} is {state}")
            self.stop()
            self.root, self._restart_at = root, now
            self._is_checked = True
        elif self._observer is not None and (problem := self._observer.problem()):
            missed = True
            self._warn(f"{problem}; restarting it")
            self.stop()
            self._restart_later(now)
        if self._uses_events and self._observer is None and root is not None and now >= self._restart_at:
            missed = True
            self._start(now)
        return missed

    def report_missed(self, reasons: list[str]) -> None:
        """Log why events may have been missed."""
        for reason in reasons:
            self._warn(f"events may have been lost ({reason}): scanning the whole folder")

    def restart(self, now: float) -> None:
        """Start a new observer: after folders were moved, the old one may report outdated paths."""
        if self._observer is not None:
            self.stop()
            self._start(now)

    def check_coverage(self, root: Folder, now: float) -> bool:
        """Check that every folder below is watched: the system may have reached its limit silently.

        Returns
        -------
        bool
            Whether the observer was restarted, so that events may have been missed.
        """
        if self._observer is None or self._observer.kind != "inotify" or self.polling:
            return False
        watched = watched_folders()
        if watched is None or not self._plan.watch.recursive or watched >= (there := folders_in(root)):
            return False
        # Some folders may have become readable since it was started.
        self.restart(now)
        watched, there = watched_folders() or 0, min(there, folders_in(root))
        if self._observer is not None and watched < there:
            self.polling = True
            self._warn(f"only {watched} of {there} folders can be watched: polling them instead; {_REMEDY}")
        return True

    def stop(self) -> None:
        """Stop the observer."""
        if self._observer is not None:
            self._observer.stop()
            self._observer = None

    def _start(self, now: float) -> None:
        try:
            recursive = self._plan.watch.recursive
            self._observer = Observer(str(self._plan.inbox), self._mailbox, recursive=recursive)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE):
                self.polling, self._uses_events = True, False
                self._warn(f"{self._plan.inbox} cannot be watched: polling it instead; {_REMEDY}")
                return
            self._warn(f"{self._plan.inbox} cannot be watched: {error.strerror or error}")
            self._restart_later(now)
            return
        self._failures = 0

    def _restart_later(self, now: float) -> None:
        self._failures += 1
        self._restart_at = now + _RESTART_BACKOFF.delay(self._failures)

    def _warn(self, text: str) -> None:
        self._log.write("warning", text, level="warning")
