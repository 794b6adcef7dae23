"""One daemon for each folder of results: a lock that a crash lets go of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kquant_hooks.watch.damage import LOCK, LedgerError, check_files

# Whoever only asks holds it for a moment.
_PATIENCE = 1.0


class LockedError(Exception):
    """Another daemon has the folder of results."""


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the lock of a folder of results; LockedError if another has it, LedgerError if none can."""
    check_files(state)
    with closing(sqlite3.connect(state / LOCK, timeout=_PATIENCE, isolation_level=None)) as connection:
        try:
            # SQLite knows how to lock a file on every system.
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            raise LockedError(f"another kquant watch is at work for {state.parent}") from None
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"cannot be used: {LOCK} is no lock ({error}); move it away") from None
        yield


def is_locked(state: Path) -> bool:
    """Whether a daemon has the folder; nothing is written."""
    check_files(state)
    path = state / LOCK
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=0, uri=True)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError as error:
            return _is_busy(error)
        except sqlite3.DatabaseError:
            # What is none is no daemon's.
            return False
    return False


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
