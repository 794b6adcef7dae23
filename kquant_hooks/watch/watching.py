"""Keeps the watch on the folder alive, and says when something may have been missed."""

from __future__ import annotations

import errno
import time

from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.disk.mounts import network_of
from kquant_hooks.watch.events import Events, watched_folders
from kquant_hooks.watch.folder import folders_in, identity
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan

_REMEDY = (
    "raise the limit with 'sysctl fs.inotify.max_user_watches=524288' (and fs.inotify.max_user_instances=512)"
)
_LEAST_INTERVAL = 1.0
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 60.0
# Wall and monotonic clock go apart by so much where the machine slept.
_SLEPT = 30.0


class Watching:
    """The watch of a daemon.

    Parameters
    ----------
    plan : Plan
    log : Log
    mailbox : Mailbox

    Attributes
    ----------
    root : tuple of int, optional
        Device and inode of the folder at the last check; None: it was not there.
    polling : bool
        Whether the folder is looked through again and again, as events are not to be had or not all of them.
    """

    def __init__(self, plan: Plan, log: Log, mailbox: Mailbox) -> None:
        self._plan = plan
        self._log = log
        self._mailbox = mailbox
        self.root: Identity | None = None
        self._seen = False
        self._events: Events | None = None
        self._pause = _FIRST_PAUSE
        self._again_at = 0.0
        self._offset = time.time() - time.monotonic()
        network = network_of(plan.inbox)
        self.polling = plan.watch.polling or network is not None
        self._wanted = not self.polling
        if network is not None and not plan.watch.polling:
            self._warn(f"{plan.inbox} is on {network}, which reports no changes: it is polled")

    @property
    def kind(self) -> str:
        """Such as ``inotify`` or ``polling every 2 s``."""
        names = [self._events.kind] if self._events is not None else []
        if self.polling:
            names.append(f"polling every {self.interval:g} s")
        return " and ".join(names) or "nothing, as the folder is gone"

    @property
    def interval(self) -> float:
        """Seconds from one look through the folder to the next."""
        watch = self._plan.watch
        return min(max(_LEAST_INTERVAL, watch.settle), watch.rescan) if self.polling else watch.rescan

    @property
    def is_there(self) -> bool:
        """Whether the folder was there at the last check."""
        return self.root is not None

    def check(self, now: float) -> bool:
        """See that changes are heard of; True if some may have been missed."""
        offset = time.time() - time.monotonic()
        missed = abs(offset - self._offset) > _SLEPT
        self._offset = offset
        root = identity(self._plan.inbox)
        if root != self.root:
            missed = True
            was_gone = self.root is None
            words = (
                "gone: waiting for it"
                if root is None
                else "there again"
                if was_gone
                else "another folder now"
            )
            self._lose(f"{self._plan.inbox} is {words}")
            self.root, self._again_at = root, now
            self._seen = True
        elif self._events is not None and (trouble := self._events.trouble()):
            missed = True
            self._lose(f"{trouble}; it is started again")
            self._again_at = now + self._pause
            self._pause = min(2 * self._pause, _LAST_PAUSE)
        if self._wanted and self._events is None and root is not None and now >= self._again_at:
            missed = True
            self._start(now)
        return missed

    def doubt(self, sentences: list[str]) -> None:
        """Say what was said of lost events."""
        for sentence in sentences:
            self._warn(f"events may be lost ({sentence}): everything is looked at again")

    def renew(self, now: float) -> None:
        """Watch anew, as after folders were moved: what is known of a watched folder may be another's."""
        if self._events is not None:
            self.stop()
            self._start(now)

    def check_coverage(self, root: Folder, now: float) -> bool:
        """See that every folder below is watched; the system's limit may have been met in silence.

        Returns
        -------
        bool
            Whether the watch was renewed, so that something may have been missed.
        """
        if self._events is None or self._events.kind != "inotify" or self.polling:
            return False
        watched = watched_folders()
        if watched is None or not self._plan.watch.recursive or watched >= (there := folders_in(root)):
            return False
        # Some may have become readable only now.
        self.renew(now)
        watched, there = watched_folders() or 0, min(there, folders_in(root))
        if self._events is not None and watched < there:
            self.polling = True
            self._warn(
                f"only {watched} of {there} folders can be watched, so that they are polled; {_REMEDY}"
            )
        return True

    def stop(self) -> None:
        """End it."""
        if self._events is not None:
            self._events.stop()
            self._events = None

    def _start(self, now: float) -> None:
        try:
            recursive = self._plan.watch.recursive
            self._events = Events(str(self._plan.inbox), self._mailbox, recursive=recursive)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE):
                self.polling, self._wanted = True, False
                self._warn(f"{self._plan.inbox} cannot be watched, so that it is polled; {_REMEDY}")
                return
            self._warn(f"{self._plan.inbox} cannot be watched: {error.strerror or error}")
            self._again_at = now + self._pause
            self._pause = min(2 * self._pause, _LAST_PAUSE)
            return
        self._pause = _FIRST_PAUSE

    def _lose(self, sentence: str) -> None:
        if self._seen:
            self._warn(sentence)
        self.stop()

    def _warn(self, text: str) -> None:
        self._log.say("warning", text, level="warning")
