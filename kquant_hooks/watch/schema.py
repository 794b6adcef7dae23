"""The tables of a ledger: creates, checks and upgrades them."""

from __future__ import annotations

import sqlite3

from kquant_hooks.watch.damage import DamagedError, LedgerError

# The version of the tables below. A ledger with a higher version belongs to a later kquant and is left alone.
VERSION = 1
# ``files`` has each file that was seen. ``results`` has each result with the source that owns it and the
# digest of its content. No source: the source was removed. Neither source nor digest: a user has changed the
# result, and it is kept. A source without a digest: the name is reserved. The digest "?": it was written
# before ledgers recorded digests.
_TABLES = (
    """CREATE TABLE files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, ctime_ns INTEGER,
    fingerprint TEXT, target BLOB, state TEXT, reason TEXT, digest TEXT, made TEXT
) WITHOUT ROWID""",
    "CREATE TABLE results (target BLOB PRIMARY KEY, source BLOB, digest TEXT) WITHOUT ROWID",
    "CREATE INDEX owners ON results (source)",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)
# The first tables had no version, knew only the names of results, and had no ctime.
_TABLES_0 = (
    """CREATE TABLE files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, fingerprint TEXT,
    target BLOB, state TEXT, reason TEXT
) WITHOUT ROWID""",
    "CREATE INDEX targets ON files (target)",
    _TABLES[-1],
)
_UPGRADE_FROM_0 = (
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
    """Create the tables, or check and upgrade them.

    Raises
    ------
    LedgerError
        If their version is later, or it is earlier and ``upgrade`` is False.
    DamagedError
        If they are not those that kquant creates.
    """
    # Run no code from the file.
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    if _version(database) < VERSION:
        if not upgrade:
            raise LedgerError("is in use by an earlier kquant watch; stop that one first")
        database.execute("BEGIN IMMEDIATE")
        with database:
            # Another process may have upgraded it in the meantime.
            if _version(database) < VERSION:
                _upgrade(database)
    _check(database, _TABLES)


def _upgrade(database: sqlite3.Connection) -> None:
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        _check(database, _TABLES_0)
    for statement in _UPGRADE_FROM_0 if tables else _TABLES:
        database.execute(statement)
    database.execute(f"PRAGMA user_version={VERSION}")


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LedgerError(
            f"has version {version}, but this kquant supports at most {VERSION}; use a later kquant"
        )
    return version


def _check(database: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    """Check that exactly these tables exist and that SQLite finds no damage."""
    found = [sql for (sql,) in database.execute("SELECT coalesce(sql, '') FROM sqlite_master")]
    if sorted(found) != sorted(statement.encode() for statement in tables):
        raise DamagedError("it has unexpected tables")
    (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != b"ok":
        # The lines before the last one name the database.
        raise DamagedError(verdict.decode("utf-8", "replace").splitlines()[-1])
