"""Debounces files: decides which are ready. A pure state machine, without clock, threads or files."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, replace
from typing import Literal

# An empty file is checked less and less often, up to this interval; its first bytes cause an event anyway.
_MAX_CHECK_SECONDS = 60.0

# The ctime of files in ledgers of early versions, which did not record it.
UNKNOWN = -1

Verdict = Literal["gone", "wait", "ready", "unsettled"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What identifies a version of a file.

    Attributes
    ----------
    size : int
        In bytes.
    mtime_ns : int
    inode : int
    ctime_ns : int
        No program can set it back. On Windows, the time when the file was created.
    """

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    def resembles(self, other: Sample) -> bool:
        """Whether two versions are equal, apart from the ctime, which a new mode or name also changes."""
        return replace(self, ctime_ns=other.ctime_ns) == other


@dataclass(slots=True)
class _Waiting:
    since: float
    quiet_since: float
    check_at: float
    sample: Sample | None = None
    reported: bool = False


class Intake:
    """Files that have arrived and are not ready yet.

    A file is ready when two samples of it are equal, it is not empty, and no event has come for the settle
    time. All times are seconds of one monotonic clock.

    Parameters
    ----------
    settle : float
        Seconds.
    patience : float
        Seconds after which a file that is still not ready is reported as "unsettled", once.

    Both may be changed later.
    """

    def __init__(self, settle: float, patience: float) -> None:
        self.settle = settle
        self.patience = patience
        self._waiting: dict[str, _Waiting] = {}
        self._checks: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: str) -> bool:
        return path in self._waiting

    def found(self, path: str, now: float, delay: float = 0.0) -> None:
        """A path was found and should be checked after ``delay`` seconds; no effect on a known path."""
        if path not in self._waiting:
            entry = self._waiting[path] = _Waiting(now, now, now)
            self._schedule(path, entry, now + delay)

    def forget(self, path: str) -> None:
        """Stop waiting for a path."""
        self._waiting.pop(path, None)

    def changed(self, path: str, now: float) -> None:
        """A path has changed."""
        if path not in self._waiting:
            self.found(path, now)
            return
        entry = self._waiting[path]
        entry.quiet_since = now
        # The next check notices the change. Only a check that is far off is moved forward.
        if entry.check_at > now + self.settle:
            self._schedule(path, entry, now + self.settle)

    def due(self, now: float) -> list[str]:
        """Paths to check now; ``checked`` or ``postpone`` must be called for each."""
        paths = []
        while self._checks and self._checks[0][0] <= now:
            check_at, path = heapq.heappop(self._checks)
            entry = self._waiting.get(path)
            # The check of that path was moved forward, or the path was forgotten.
            if entry is not None and entry.check_at == check_at:
                entry.check_at = math.inf
                paths.append(path)
        return paths

    def next_check(self) -> float:
        """When the next path is due, unless something happens before."""
        return self._checks[0][0] if self._checks else math.inf

    def postpone(self, path: str, when: float) -> None:
        """A path that was due could not be checked."""
        self._schedule(path, self._waiting[path], when)

    def checked(self, path: str, sample: Sample | None, now: float) -> Verdict:
        """Report the version of a path; None: the file is gone.

        Returns
        -------
        {"gone", "wait", "ready", "unsettled"}
            After "gone" and "ready" the path is forgotten. A file counts as gone when it has been missing for
            the settle time.
        """
        entry = self._waiting[path]
        if sample is None:
            # An editor may remove a file before it writes the new version.
            if now >= entry.quiet_since + self.settle:
                del self._waiting[path]
                return "gone"
            next_check = entry.quiet_since + self.settle
        elif sample != entry.sample:
            entry.sample, entry.quiet_since = sample, now
            next_check = now + self.settle
        elif sample.size == 0:
            next_check = now + max(self.settle, min(_MAX_CHECK_SECONDS, (now - entry.since) / 4))
        elif now >= entry.quiet_since + self.settle:
            del self._waiting[path]
            return "ready"
        else:
            next_check = entry.quiet_since + self.settle
        self._schedule(path, entry, next_check)
        if sample is not None and now - entry.since > self.patience and not entry.reported:
            entry.reported = True
            return "unsettled"
        return "wait"

    def _schedule(self, path: str, entry: _Waiting, when: float) -> None:
        entry.check_at = when
        heapq.heappush(self._checks, (when, path))
