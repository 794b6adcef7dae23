"""Events of a folder; the only module that imports watchdog."""

from __future__ import annotations

import errno
import logging
import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer as WatchdogObserver

from kquant_hooks.watch.mailbox import Mailbox

# No events of reading, as this program reads each file.
_EVENT_TYPES = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
# Seconds that watchdog's threads have to end.
_JOIN_SECONDS = 10.0
_HANDLES = Path("/proc/self/fdinfo")


class Observer:
    """Reports events of a folder to a mailbox.

    Parameters
    ----------
    root : str
    recursive : bool
    mailbox : Mailbox
        Receives, from other threads, the paths that have changed, whether folders were moved, and why events
        may have been missed.

    Raises
    ------
    OSError
        If the system cannot watch the folder.
    """

    def __init__(self, root: str, mailbox: Mailbox, *, recursive: bool) -> None:
        # watchdog warns about folders that come and go; ``problem`` finds the problems that matter.
        warnings.filterwarnings("ignore", module="watchdog")
        before = set(threading.enumerate())
        self._observer = WatchdogObserver()
        self._log_handler = _LogHandler(mailbox.missed)
        logging.getLogger("watchdog").addHandler(self._log_handler)
        self.kind = type(self._observer).__name__.removesuffix("Observer").lower()
        try:
            handler = _Handler(mailbox)
            self._observer.schedule(handler, root, recursive=recursive, event_filter=list(_EVENT_TYPES))
            self._observer.start()
        except RuntimeError as error:
            self.stop()
            # The system refuses further threads.
            raise OSError(errno.EAGAIN, str(error)) from error
        except BaseException:
            self.stop()
            raise
        self._threads = set(threading.enumerate()) - before

    def problem(self) -> str | None:
        """Why events no longer arrive; None if they do."""
        dead = sorted(thread.name for thread in self._threads if not thread.is_alive())
        if dead or not self._observer.emitters:
            return f"the observer has lost {', '.join(dead) or 'its folder'}"
        return None

    def stop(self) -> None:
        """Stop observing; never raises."""
        groups = [getattr(emitter, "_inotify", None) for emitter in self._observer.emitters]
        try:
            self._observer.stop()
        except Exception:  # noqa: BLE001  it fails midway if folders were swapped
            for group in filter(None, groups):
                with suppress(AttributeError):
                    # Otherwise the thread that reads from it never ends, and the join waits for it.
                    group._move_event_grouper.close()  # noqa: SLF001  no public method does it
            # The second call has nothing left to fail on.
            with suppress(Exception):
                self._observer.stop()
        with suppress(RuntimeError):
            self._observer.join(_JOIN_SECONDS)
        # Only now: without a handler, messages that it logs while stopping would be printed.
        logging.getLogger("watchdog").removeHandler(self._log_handler)


class _Handler(FileSystemEventHandler):
    """Only passes the path on: a handler that raises or is slow would lose events."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._mailbox.changed(os.fsdecode(path))
        if isinstance(event, DirMovedEvent):
            self._mailbox.moved()


class _LogHandler(logging.Handler):
    """Passes on what watchdog only logs, such as an overflow of its queue."""

    def __init__(self, missed: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._missed = missed

    def emit(self, record: logging.LogRecord) -> None:
        self._missed(record.getMessage())


def watched_folders() -> int | None:
    """The number of folders that the kernel watches for this process; None if it does not tell."""
    count = 0
    try:
        handles = list(_HANDLES.iterdir())
    except OSError:
        return None
    for handle in handles:
        # The handle used for the listing is closed by now, and others may be.
        with suppress(OSError):
            count += sum(line.startswith("inotify wd:") for line in handle.read_text().splitlines())
    return count
