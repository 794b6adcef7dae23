"""``kquant``, with a fault that the environment names: run by tests of the daemon.

Worker processes import this module as well, so that faults reach them.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

from kquant_hooks.cli import main
from kquant_hooks.disk import atomic
from kquant_hooks.watch import dispatch, observer, originals, publish, watcher
from kquant_hooks.watch.ledger import Ledger

# A file that exists when the fault has happened.
ONCE = Path(os.environ["FAULT_DONE"])


def first_time() -> bool:
    if ONCE.exists():
        return False
    ONCE.touch()
    return True


def die(*_arguments, **_options):
    """Kill this process and, if this is a worker, the daemon."""
    if __name__ == "__mp_main__":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def after(owner, name, happens):
    """Make something happen after a function."""
    before = getattr(owner, name)

    def changed(*arguments, **options):
        result = before(*arguments, **options)
        happens(*arguments)
        return result

    setattr(owner, name, changed)


def instead(owner, name, happens):
    """Make something happen the first time instead of a function."""
    before = getattr(owner, name)

    def changed(*arguments, **options):
        return happens(*arguments, **options) if first_time() else before(*arguments, **options)

    setattr(owner, name, changed)


def for_name(name, happens):
    return lambda _folder, found, *_: happens() if found == name else None


def replace_once(path, *_):
    if first_time():
        path.write_bytes((path.parent.parent / "other").read_bytes())


def wait_for_go():
    """Wait until the test lets it continue, or a minute has passed."""
    ONCE.touch()
    end = time.monotonic() + 60
    while not ONCE.with_name("go").exists() and time.monotonic() < end:
        time.sleep(0.02)


def hang():
    ONCE.touch()
    time.sleep(1000)


def refuse(error):
    def raising(*_arguments, **_options):
        raise error

    return raising


def lose_all_but_the_log(_handler, _event):
    if first_time():
        logging.getLogger("watchdog.observers").warning("Inotify queue overflowed")


def no_watch(*_arguments, **_options):
    raise NO_SPACE


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")

FAULTS = {
    "killed-after-the-claim": lambda: after(Ledger, "claim", die),
    "killed-before-the-rename": lambda: instead(atomic, "_publish", die),
    "killed-after-the-rename": lambda: after(atomic, "_publish", die),
    "killed-before-the-ledger": lambda: instead(dispatch.Dispatcher, "record", die),
    "killed-after-the-ledger": lambda: after(Ledger, "publish", die),
    "killed-while-removing-the-original": lambda: instead(originals, "_move", die),
    "raising-handler": lambda: instead(observer._Handler, "on_any_event", refuse(RuntimeError("a bug"))),
    "overflow": lambda: setattr(observer._Handler, "on_any_event", lose_all_but_the_log),
    "no-watches": lambda: setattr(observer.Observer, "__init__", no_watch),
    "few-watches": lambda: (
        setattr(watcher, "watched_folders", lambda: 1),
        setattr(observer._Handler, "on_any_event", lambda *_: None),
    ),
    "full-disk": lambda: instead(publish, "replace_file", refuse(NO_SPACE)),
    "full-ledger": lambda: instead(Ledger, "claim", refuse(sqlite3.OperationalError("disk is full"))),
    "share-gone": lambda: instead(publish, "read_version", refuse(OSError(errno.EIO, "Input/output error"))),
    "killed-worker": lambda: instead(
        publish, "read_version", lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    ),
    "changed-while-at-work": lambda: after(publish, "outcome_and_bytes", replace_once),
    "hanging-decoder": lambda: after(publish, "read_version", for_name("bad.jpg", hang)),
    "waiting-decoder": lambda: after(publish, "read_version", for_name("slow.jpg", wait_for_go)),
    "crashing-decoder": lambda: after(
        publish, "read_version", for_name("bad.jpg", lambda: os.kill(os.getpid(), signal.SIGSEGV))
    ),
}  # fmt: skip

FAULTS[os.environ["FAULT"]]()

if __name__ == "__main__":
    sys.exit(main())
