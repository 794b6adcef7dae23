"""What the system says of a folder; the only module that knows watchdog."""

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
from watchdog.observers import Observer

from kquant_hooks.watch.mailbox import Mailbox

# Not of reading, which is what this program does with each file.
_HEARD = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
# Seconds for its threads to end.
_PATIENCE = 10.0
_HANDLES = Path("/proc/self/fdinfo")


class Events:
    """A watch on a folder.

    Parameters
    ----------
    root : str
    recursive : bool
    mailbox : Mailbox
        Told, from other threads, of whatever something happened to, of folders that were moved, and of events
        that may have been lost.

    Raises
    ------
    OSError
        If the system cannot watch the folder.
    """

    def __init__(self, root: str, mailbox: Mailbox, *, recursive: bool) -> None:
        # Such as of folders that come and go; what matters is found out otherwise.
        warnings.filterwarnings("ignore", module="watchdog")
        before = set(threading.enumerate())
        self._observer = Observer()
        self._listener = _Listener(mailbox.doubt)
        logging.getLogger("watchdog").addHandler(self._listener)
        self.kind = type(self._observer).__name__.removesuffix("Observer").lower()
        try:
            handler = _Handler(mailbox)
            self._observer.schedule(handler, root, recursive=recursive, event_filter=list(_HEARD))
            self._observer.start()
        except RuntimeError as error:
            self.stop()
            # As there are no more threads to be had.
            raise OSError(errno.EAGAIN, str(error)) from error
        except BaseException:
            self.stop()
            raise
        self._threads = set(threading.enumerate()) - before

    def trouble(self) -> str | None:
        """Why nothing is heard any more, if that is so."""
        dead = sorted(thread.name for thread in self._threads if not thread.is_alive())
        if dead or not self._observer.emitters:
            return f"the observer has lost {', '.join(dead) or 'its folder'}"
        return None

    def stop(self) -> None:
        """End it; never raises."""
        groups = [getattr(emitter, "_inotify", None) for emitter in self._observer.emitters]
        try:
            self._observer.stop()
        except Exception:  # noqa: BLE001  it fails on what it noted of folders that changed places, midway
            for group in filter(None, groups):
                with suppress(AttributeError):
                    # Or else the thread that reads from it, which is waited for, waits for ever.
                    group._move_event_grouper.close()  # noqa: SLF001  nothing public does it
            # This time there is nothing left that it could fail on.
            with suppress(Exception):
                self._observer.stop()
        with suppress(RuntimeError):
            self._observer.join(_PATIENCE)
        # Without it, what is logged while it stops would be printed.
        logging.getLogger("watchdog").removeHandler(self._listener)


class _Handler(FileSystemEventHandler):
    """Only says which path it was: a handler that raises or takes its time makes the observer deaf."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._mailbox.changed(os.fsdecode(path))
        if isinstance(event, DirMovedEvent):
            self._mailbox.moved()


class _Listener(logging.Handler):
    """What watchdog only logs, such as that its queue overflowed."""

    def __init__(self, doubt: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._doubt = doubt

    def emit(self, record: logging.LogRecord) -> None:
        self._doubt(record.getMessage())


def watched_folders() -> int | None:
    """How many folders the kernel watches for this process; None where it does not say."""
    count = 0
    try:
        handles = list(_HANDLES.iterdir())
    except OSError:
        return None
    for handle in handles:
        # The one that the list was read through is closed by now, and others may be.
        with suppress(OSError):
            count += sum(line.startswith("inotify wd:") for line in handle.read_text().splitlines())
    return count
