"""One daemon per folder of results: a lock that the system releases after a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kquant_hooks.watch.damage import LOCK, LedgerError, check_files

# ``is_locked`` in another process holds it for a moment.
_WAIT_SECONDS = 1.0


class LockedError(Exception):
    """Another daemon uses the folder of results."""


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Hold the lock of a folder of results; LockedError if it is taken, LedgerError if it is broken."""
    check_files(state_dir)
    with closing(
        sqlite3.connect(state_dir / LOCK, timeout=_WAIT_SECONDS, isolation_level=None)
    ) as connection:
        try:
            # SQLite can lock a file on every system.
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            raise LockedError(f"another kquant watch is already running for {state_dir.parent}") from None
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"cannot be used: {LOCK} is not a lock file ({error}); move it away") from None
        yield


def is_locked(state_dir: Path) -> bool:
    """Whether a daemon is running for the folder; writes nothing."""
    check_files(state_dir)
    path = state_dir / LOCK
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=0, uri=True)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError as error:
            return _is_busy(error)
        except sqlite3.DatabaseError:
            # It is not a lock file, so no daemon holds it.
            return False
    return False


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
