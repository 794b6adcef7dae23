"""What other threads and signals have to say to the daemon's loop, which sleeps until there is something."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from types import FrameType


@dataclass(frozen=True, slots=True)
class Mail:
    """What has come.

    Attributes
    ----------
    paths : list of str
        That something happened to.
    doubts : list of str
        Sentences about what may have been missed.
    moved : bool
        Whether folders were moved, so that what is watched may have another name.
    """

    paths: list[str]
    doubts: list[str]
    moved: bool


class Mailbox:
    """Paths that something happened to, each once; doubts about what was heard; signals.

    Attributes
    ----------
    bell : Connection
        Can be read once something is there.
    stops : int
        How often the daemon was asked to stop.
    hung_up : bool
        Whether that was by closing its terminal.

    Parameters
    ----------
    is_deserted : callable
        Whether the terminal that the daemon was started in is gone.
    """

    def __init__(self, is_deserted: Callable[[], bool]) -> None:
        self.bell, self._cord = Pipe(duplex=False)
        self.stops = 0
        self.hung_up = False
        self._is_deserted = is_deserted
        self._rereads = False
        self._lock = threading.Lock()
        self._rung = False
        self._moved = False
        self._paths: dict[str, None] = {}
        self._doubts: dict[str, None] = {}

    def changed(self, path: str) -> None:
        """Something happened to a path; from any thread."""
        with self._lock:
            self._paths[path] = None
        self._ring()

    def moved(self) -> None:
        """A folder was moved; from any thread."""
        with self._lock:
            self._moved = True
        self._ring()

    def doubt(self, sentence: str) -> None:
        """Something may have been missed; from any thread."""
        with self._lock:
            self._doubts[sentence] = None
        self._ring()

    def take(self) -> Mail:
        """What has come since the last time."""
        # In this order, nothing that comes meanwhile lies there without the bell being rung.
        while self.bell.poll():
            self.bell.recv_bytes()
        self._rung = False
        with self._lock:
            paths, self._paths = list(self._paths), {}
            doubts, self._doubts = list(self._doubts), {}
            moved, self._moved = self._moved, False
        return Mail(paths, doubts, moved)

    def rereads(self) -> bool:
        """Whether somebody has asked, since the last time, that the configuration is read again."""
        wanted, self._rereads = self._rereads, False
        return wanted

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT ask for a stop and SIGHUP for the configuration.

        Those that whoever started the daemon has told the system to ignore stay ignored. A thread that comes
        to an end by an exception is a doubt.
        """
        handlers = {signal.SIGTERM: self._on_stop, signal.SIGINT: self._on_stop}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = self._on_hangup
        before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        hook, threading.excepthook = threading.excepthook, self._on_end
        try:
            yield
        finally:
            threading.excepthook = hook
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        # No lock is taken: the thread that this interrupts may hold it.
        self.stops += 1
        self._cord.send_bytes(b"\0")

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        # Sent by the system, and by shells as well, if a terminal is closed; otherwise by whoever wants it.
        if self._is_deserted():
            self.hung_up, self.stops = True, max(self.stops, 1)
        else:
            self._rereads = True
        self._cord.send_bytes(b"\0")

    def _on_end(self, ended: threading.ExceptHookArgs) -> None:
        self.doubt(f"a thread came to an end: {ended.exc_value or ended.exc_type.__name__}")

    def _ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._cord.send_bytes(b"\0")
