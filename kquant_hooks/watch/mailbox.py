"""Collects what other threads and signals report to the daemon's loop, which sleeps until then."""

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
    """What has arrived.

    Attributes
    ----------
    paths : list of str
        Paths that have changed.
    missed : list of str
        Reasons why events may have been missed.
    moved : bool
        Whether folders were moved, so that the observer may know them by outdated names.
    """

    paths: list[str]
    missed: list[str]
    moved: bool


class Mailbox:
    """Changed paths, each once; reasons why events may have been missed; signals.

    Attributes
    ----------
    wakeup : Connection
        Can be read as soon as something has arrived.
    stop_requests : int
        How often the daemon was asked to stop.
    hung_up : bool
        Whether the closing of its terminal asked it.

    Parameters
    ----------
    terminal_is_gone : callable
        Whether the terminal in which the daemon was started is closed.
    """

    def __init__(self, terminal_is_gone: Callable[[], bool]) -> None:
        # A self-pipe: signal handlers and other threads wake the loop by writing to it.
        self.wakeup, self._wakeup_writer = Pipe(duplex=False)
        self.stop_requests = 0
        self.hung_up = False
        self._terminal_is_gone = terminal_is_gone
        self._reload_requested = False
        self._lock = threading.Lock()
        self._is_woken = False
        self._moved = False
        self._paths: dict[str, None] = {}
        self._missed: dict[str, None] = {}

    def changed(self, path: str) -> None:
        """A path has changed; called from any thread."""
        with self._lock:
            self._paths[path] = None
        self._wake()

    def moved(self) -> None:
        """A folder was moved; called from any thread."""
        with self._lock:
            self._moved = True
        self._wake()

    def missed(self, reason: str) -> None:
        """Events may have been missed; called from any thread."""
        with self._lock:
            self._missed[reason] = None
        self._wake()

    def take(self) -> Mail:
        """What has arrived since the last call."""
        # In this order, whatever arrives in the meantime wakes the loop again.
        while self.wakeup.poll():
            self.wakeup.recv_bytes()
        self._is_woken = False
        with self._lock:
            paths, self._paths = list(self._paths), {}
            missed, self._missed = list(self._missed), {}
            moved, self._moved = self._moved, False
        return Mail(paths, missed, moved)

    def take_reload_request(self) -> bool:
        """Whether the daemon was asked to read the configuration again since the last call."""
        requested, self._reload_requested = self._reload_requested, False
        return requested

    @contextmanager
    def open(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT as requests to stop, and SIGHUP as a request to reload.

        Signals that the parent process has set to be ignored stay ignored. If a thread ends with an error,
        events may have been missed.
        """
        handlers = {signal.SIGTERM: self._on_stop, signal.SIGINT: self._on_stop}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = self._on_hangup
        before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        hook, threading.excepthook = threading.excepthook, self._on_thread_error
        try:
            yield
        finally:
            threading.excepthook = hook
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        # This takes no lock: the interrupted thread may hold it.
        self.stop_requests += 1
        self._wakeup_writer.send_bytes(b"\0")

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        # The system and shells send it when a terminal is closed; a user sends it to have the configuration
        # read again.
        if self._terminal_is_gone():
            self.hung_up, self.stop_requests = True, max(self.stop_requests, 1)
        else:
            self._reload_requested = True
        self._wakeup_writer.send_bytes(b"\0")

    def _on_thread_error(self, ended: threading.ExceptHookArgs) -> None:
        self.missed(f"a thread ended with an error: {ended.exc_value or ended.exc_type.__name__}")

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._wakeup_writer.send_bytes(b"\0")
