"""Ledgers that cannot be used: how that is found out, and how it is said."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

# In the folder of the state.
LEDGER, LOCK = "ledger.sqlite3", "lock.sqlite3"


class LedgerError(sqlite3.DatabaseError):
    """The ledger cannot be used, and waiting does not help; the text goes on after "the ledger"."""


class DamagedError(LedgerError):
    """The ledger holds what no kquant has written; the text says what."""


def may_pass(error: sqlite3.Error) -> bool:
    """Whether an error is one of the disk or of other processes, and not of what the ledger holds."""
    # What is no SQL that the database knows is about its tables.
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR


def in_words(error: sqlite3.Error, state: Path) -> str:
    """A sentence on why the ledger in a folder cannot be used, with the way out."""
    if may_pass(error):
        return f"the ledger in {state} cannot be used: {error}"
    if isinstance(error, LedgerError) and not isinstance(error, DamagedError):
        return f"the ledger in {state} {error}"
    return (
        f"the ledger in {state} is damaged ({error}); move that folder away, and all files are done anew, "
        "under new names"
    )


def check_files(state: Path) -> None:
    """See that the files of a ledger and its lock are files, in a folder that is one.

    Raises
    ------
    LedgerError
        If one is a link, which leads elsewhere, or a pipe or a device, which opening waits for or acts on.
    """
    if not os.path.lexists(state):
        return
    if not stat.S_ISDIR(os.lstat(state).st_mode):
        raise LedgerError(f"cannot be used: {state.name} is no folder; move it away")
    for name in sorted(os.listdir(state)):
        # Beside them are SQLite's own, such as its journal.
        if name.startswith((LEDGER, LOCK)) and not stat.S_ISREG(os.lstat(state / name).st_mode):
            raise LedgerError(f"cannot be used: {name} is no regular file; move it away")
