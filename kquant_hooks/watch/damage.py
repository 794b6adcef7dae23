"""Ledgers that cannot be used: how to detect and describe them."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

# In the state folder.
LEDGER, LOCK = "ledger.sqlite3", "lock.sqlite3"


class LedgerError(sqlite3.DatabaseError):
    """The ledger cannot be used, and waiting does not help; the message continues "the ledger in ..."."""


class DamagedError(LedgerError):
    """The ledger contains something that kquant never writes; the message says what."""


def is_transient(error: sqlite3.Error) -> bool:
    """Whether an error comes from the disk or another process, and not from the ledger's content."""
    # SQLITE_ERROR means that a statement does not fit the tables.
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR


def describe_ledger_error(error: sqlite3.Error, state_dir: Path) -> str:
    """Why the ledger in a folder cannot be used, and what to do."""
    if is_transient(error):
        return f"the ledger in {state_dir} cannot be used: {error}"
    if isinstance(error, LedgerError) and not isinstance(error, DamagedError):
        return f"the ledger in {state_dir} {error}"
    return (
        f"the ledger in {state_dir} is damaged ({error}); move that folder away to process all files again, "
        "under new names"
    )


def check_files(state_dir: Path) -> None:
    """Check that the ledger and its lock are regular files in a real folder.

    Raises
    ------
    LedgerError
        If one is a link, which leads elsewhere, or a pipe or device, which may block or act when opened.
    """
    if not os.path.lexists(state_dir):
        return
    if not stat.S_ISDIR(os.lstat(state_dir).st_mode):
        raise LedgerError(f"cannot be used: {state_dir.name} is not a folder; move it away")
    for name in sorted(os.listdir(state_dir)):
        # SQLite adds files, such as a journal, whose names begin in the same way.
        if name.startswith((LEDGER, LOCK)) and not stat.S_ISREG(os.lstat(state_dir / name).st_mode):
            raise LedgerError(f"cannot be used: {name} is not a regular file; move it away")
