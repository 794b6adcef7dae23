"""Which files are ready: a pure state machine, without a clock, a thread or a file in it."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, replace
from typing import Literal

# An empty file is looked at ever more rarely, but at least so often; its first bytes are an event besides.
_RAREST_LOOK = 60.0

# A ctime in a ledger of before ctimes were kept.
UNKNOWN = -1

Verdict = Literal["gone", "wait", "ready", "unsettled"]


@dataclass(frozen=True, slots=True)
class Sample:
    """What tells one version of a file from another.

    Attributes
    ----------
    size : int
        Bytes.
    mtime_ns : int
    inode : int
    ctime_ns : int
        Nobody can set it back; on Windows, when the file was created.
    """

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    def resembles(self, other: Sample) -> bool:
        """Whether the two differ in nothing, or only in what a new mode or a new name changes as well."""
        return replace(self, ctime_ns=other.ctime_ns) == other


@dataclass(slots=True)
class _Waiting:
    since: float
    quiet_since: float
    look_at: float
    sample: Sample | None = None
    reported: bool = False


class Intake:
    """Files that arrived and are not ready yet.

    A file is ready when two samples of it are equal, it is not empty, and nothing has been heard of it for
    the settle time. All times are seconds of one clock that never goes back.

    Parameters
    ----------
    settle : float
        Seconds.
    patience : float
        A file that is not ready after so many seconds is "unsettled", once, and waited for on.

    Both may be changed.
    """

    def __init__(self, settle: float, patience: float) -> None:
        self.settle = settle
        self.patience = patience
        self._waiting: dict[str, _Waiting] = {}
        self._looks: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: str) -> bool:
        return path in self._waiting

    def found(self, path: str, now: float, pause: float = 0.0) -> None:
        """A path came up, to be looked at after a pause; what is known of it already stays as it is."""
        if path not in self._waiting:
            entry = self._waiting[path] = _Waiting(now, now, now)
            self._look_at(path, entry, now + pause)

    def forget(self, path: str) -> None:
        """The path is of no more interest."""
        self._waiting.pop(path, None)

    def changed(self, path: str, now: float) -> None:
        """Something happened to the path."""
        if path not in self._waiting:
            self.found(path, now)
            return
        entry = self._waiting[path]
        entry.quiet_since = now
        # The next look sees that it was not quiet; only one that is far off is put forward.
        if entry.look_at > now + self.settle:
            self._look_at(path, entry, now + self.settle)

    def due(self, now: float) -> list[str]:
        """Paths to look at now; each wants a call of ``looked`` or ``postpone``."""
        paths = []
        while self._looks and self._looks[0][0] <= now:
            look_at, path = heapq.heappop(self._looks)
            entry = self._waiting.get(path)
            # Others were put forward, or are forgotten.
            if entry is not None and entry.look_at == look_at:
                entry.look_at = math.inf
                paths.append(path)
        return paths

    def next_look(self) -> float:
        """When ``due`` may have something next, unless something happens."""
        return self._looks[0][0] if self._looks else math.inf

    def postpone(self, path: str, when: float) -> None:
        """A path could not be looked at now that is due."""
        self._look_at(path, self._waiting[path], when)

    def looked(self, path: str, sample: Sample | None, now: float) -> Verdict:
        """What a look at a path showed; None: there is no such file any more.

        Returns
        -------
        {"gone", "wait", "ready", "unsettled"}
            After "gone" and "ready" the path is forgotten. A file is gone once that, too, has lasted for the
            settle time.
        """
        entry = self._waiting[path]
        if sample is None:
            # An editor may remove a file before it writes it anew.
            if now >= entry.quiet_since + self.settle:
                del self._waiting[path]
                return "gone"
            next_look = entry.quiet_since + self.settle
        elif sample != entry.sample:
            entry.sample, entry.quiet_since = sample, now
            next_look = now + self.settle
        elif sample.size == 0:
            next_look = now + max(self.settle, min(_RAREST_LOOK, (now - entry.since) / 4))
        elif now >= entry.quiet_since + self.settle:
            del self._waiting[path]
            return "ready"
        else:
            next_look = entry.quiet_since + self.settle
        self._look_at(path, entry, next_look)
        if sample is not None and now - entry.since > self.patience and not entry.reported:
            entry.reported = True
            return "unsettled"
        return "wait"

    def _look_at(self, path: str, entry: _Waiting, when: float) -> None:
        entry.look_at = when
        heapq.heappush(self._looks, (when, path))
