"""The tables of a ledger: made, and brought up to date from those of earlier versions."""

from __future__ import annotations

import sqlite3

# Of the tables below. A ledger of a higher one is for a later kquant, and is left as it is.
VERSION = 1
# Each file that was seen; and each result, with the source whose own it is, and the digest of what it holds.
# Without a source it is nobody's: that was put away or removed. Without a digest as well, somebody else has
# changed it, and it is kept. With a source alone it is set aside, or is older than digests.
_TABLES = (
    """CREATE TABLE files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, ctime_ns INTEGER,
    fingerprint TEXT, target BLOB, state TEXT, reason TEXT, digest TEXT, made TEXT
) WITHOUT ROWID""",
    "CREATE TABLE results (target BLOB PRIMARY KEY, source BLOB, digest TEXT) WITHOUT ROWID",
    "CREATE INDEX owners ON results (source)",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)
# From the first tables, which had no version, knew results only by name, and no ctime.
_FROM_0 = (
    "ALTER TABLE files RENAME TO files_0",
    "ALTER TABLE about RENAME TO about_0",
    "DROP INDEX targets",
    *_TABLES,
    """INSERT INTO files
SELECT source, size, mtime_ns, inode, -1, fingerprint, target, state, reason, '', '' FROM files_0""",
    "INSERT OR IGNORE INTO results SELECT target, source, '' FROM files_0 WHERE target != x''",
    "INSERT INTO about SELECT name, value FROM about_0",
    "DROP TABLE files_0",
    "DROP TABLE about_0",
)


class LedgerError(sqlite3.DatabaseError):
    """The ledger cannot be used, and waiting does not help."""


def prepare(database: sqlite3.Connection) -> None:
    """Make the tables, or bring them up to date.

    Raises
    ------
    LedgerError
        If they are of a later version.
    """
    if _version(database) == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    with database:
        # Another process may have been faster.
        if _version(database) == VERSION:
            return
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for statement in _FROM_0 if tables else _TABLES:
            database.execute(statement)
        database.execute(f"PRAGMA user_version={VERSION}")


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LedgerError(
            f"the ledger has version {version}, and this kquant knows {VERSION} at most; use a later one"
        )
    return version
