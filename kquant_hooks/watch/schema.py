"""The tables of a ledger: made, checked, and brought up to date from those of earlier versions."""

from __future__ import annotations

import sqlite3

from kquant_hooks.watch.damage import DamagedError, LedgerError

# Of the tables below. A ledger of a higher one is for a later kquant, and is left as it is.
VERSION = 1
# Each file that was seen; and each result, with the source whose own it is, and the digest of what it holds.
# Without a source it is nobody's: that was put away or removed. Without a digest as well, somebody else has
# changed it, and it is kept. With a source alone it is set aside. With "?" for
# a digest it is of a ledger without digests.
_TABLES = (
    """CREATE TABLE files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, ctime_ns INTEGER,
    fingerprint TEXT, target BLOB, state TEXT, reason TEXT, digest TEXT, made TEXT
) WITHOUT ROWID""",
    "CREATE TABLE results (target BLOB PRIMARY KEY, source BLOB, digest TEXT) WITHOUT ROWID",
    "CREATE INDEX owners ON results (source)",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)
# The first ones had no version, knew results only by name, and no ctime.
_TABLES_0 = (
    """CREATE TABLE files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, fingerprint TEXT,
    target BLOB, state TEXT, reason TEXT
) WITHOUT ROWID""",
    "CREATE INDEX targets ON files (target)",
    _TABLES[-1],
)
_FROM_0 = (
    "ALTER TABLE files RENAME TO files_0",
    "ALTER TABLE about RENAME TO about_0",
    "DROP INDEX targets",
    *_TABLES,
    """INSERT INTO files
SELECT source, size, mtime_ns, inode, -1, fingerprint, target, state, reason, '', '' FROM files_0""",
    "INSERT OR IGNORE INTO results SELECT target, source, '?' FROM files_0 WHERE target != x''",
    "INSERT INTO about SELECT name, value FROM about_0",
    "DROP TABLE files_0",
    "DROP TABLE about_0",
)


def prepare(database: sqlite3.Connection, *, upgrade: bool) -> None:
    """Make the tables, or check them and bring them up to date.

    Raises
    ------
    LedgerError
        If they are of a later version, or of an earlier one and ``upgrade`` is not allowed.
    DamagedError
        If they are not as they were made.
    """
    # Nothing that the file says is run.
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    if _version(database) < VERSION:
        if not upgrade:
            raise LedgerError("is in use by an earlier kquant watch; stop that first")
        database.execute("BEGIN IMMEDIATE")
        with database:
            # Another process may have been faster.
            if _version(database) < VERSION:
                _bring_up_to_date(database)
    _check(database, _TABLES)


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        _check(database, _TABLES_0)
    for statement in _FROM_0 if tables else _TABLES:
        database.execute(statement)
    database.execute(f"PRAGMA user_version={VERSION}")


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LedgerError(f"has version {version}, and this kquant knows {VERSION} at most; use a later one")
    return version


def _check(database: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    """See that there are these tables, nothing beside them, and no damage that SQLite knows of."""
    found = [sql for (sql,) in database.execute("SELECT coalesce(sql, '') FROM sqlite_master")]
    if sorted(found) != sorted(statement.encode() for statement in tables):
        raise DamagedError("its tables are others")
    (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != b"ok":
        # Before it, it says which database it is.
        raise DamagedError(verdict.decode("utf-8", "replace").splitlines()[-1])
