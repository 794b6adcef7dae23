"""The ledger: which version of which file was processed, and how. An SQLite database with the results."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kquant_hooks.watch.damage import LEDGER, check_files
from kquant_hooks.watch.entry import Entry, Result, State
from kquant_hooks.watch.rows import COLUMNS, about_from, entry_from, path_from, result_from, row_of
from kquant_hooks.watch.schema import prepare

_BUSY_SECONDS = 10.0


def is_ledger_in(folder: Path) -> bool:
    """Whether a folder contains a ledger."""
    return (folder / LEDGER).is_file()


class Ledger:
    """The database, opened.

    Parameters
    ----------
    folder : Path
        Contains it, or will.
    shared : bool
        Whether the file system supports memory shared by processes; network file systems do not.
    read_only : bool
        Whether to write nothing, not even when opening it.
    upgrade : bool
        Whether to upgrade a ledger of an earlier version.

    Raises
    ------
    LedgerError
        If it cannot be used; see ``damage``.
    sqlite3.Error
        From every method, if the disk is full or gone, or the ledger is damaged.
    """

    def __init__(
        self, folder: Path, *, shared: bool = True, read_only: bool = False, upgrade: bool = True
    ) -> None:
        check_files(folder)
        self._data_version: int | None = None
        path = folder / LEDGER
        self._database = _copy_in_memory(path) if read_only else _opened(path)
        try:
            # ``rows`` decodes and checks the values.
            self._database.text_factory = bytes
            if not read_only:
                self._database.execute(f"PRAGMA journal_mode={'WAL' if shared else 'TRUNCATE'}")
                # Commits survive a power failure.
                self._database.execute("PRAGMA synchronous=FULL")
            prepare(self._database, upgrade=upgrade)
            self._check_rows()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close it; everything recorded is on the disk."""
        self._database.close()

    def is_changed(self) -> bool:
        """Whether another process has written to it since the last call."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        before, self._data_version = self._data_version, version
        return before not in (None, version)

    def find(self, source: str) -> Entry | None:
        """The entry of a file."""
        return next(self._entries("WHERE source = ?", os.fsencode(source)), None)

    def result(self, target: str) -> Result | None:
        """The entry of a result."""
        query = "SELECT source, digest FROM results WHERE target = ?"
        row = self._database.execute(query, (os.fsencode(target),)).fetchone()
        return None if row is None else result_from(*row)

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """The entries of all files or of those in a state, sorted by path."""
        where = "" if state is None else "WHERE state = ?"
        return self._entries(f"{where} ORDER BY source", *([] if state is None else [state]))

    def counts(self) -> dict[str, int]:
        """The number of files by state."""
        query = "SELECT state, count(*) FROM files GROUP BY state ORDER BY state"
        return {state.decode(): count for state, count in self._database.execute(query)}

    def claim(self, entry: Entry, *, vacant: bool) -> None:
        """Record that a file is being processed, and reserve its target; ``vacant``: no file is there yet."""
        target = os.fsencode(entry.target)
        with self._transaction():
            self._write(entry)
            if vacant:
                self._database.execute("DELETE FROM results WHERE target = ?", (target,))
            query = "INSERT OR IGNORE INTO results VALUES (?, ?, '')"
            self._database.execute(query, (target, os.fsencode(entry.source)))

    def record(self, entry: Entry) -> None:
        """Record what happened to a file, in place of its former entry."""
        with self._transaction():
            self._write(entry)

    def publish(self, entry: Entry, *, own: bool) -> None:
        """Record a file and its result; ``own``: whether the file owns the result."""
        with self._transaction():
            self._write(entry)
            if entry.target:
                values = (
                    os.fsencode(entry.target),
                    os.fsencode(entry.source) if own else None,
                    entry.result_digest,
                )
                self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", values)

    def renew(self, entries: Iterable[Entry]) -> None:
        """Update the fingerprints and samples of entries that have not changed otherwise."""
        values = [
            (
                entry.sample.ctime_ns, entry.fingerprint, os.fsencode(entry.source), entry.state,
                entry.sample.size, entry.sample.mtime_ns, entry.sample.inode,
            )
            for entry in entries
        ]  # fmt: skip
        query = "UPDATE files SET ctime_ns = ?, fingerprint = ? WHERE source = ? AND state = ?"
        with self._transaction():
            self._database.executemany(f"{query} AND size = ? AND mtime_ns = ? AND inode = ?", values)

    def restore_owner(self, entry: Entry) -> None:
        """Give a result without an owner back to its file, which is still there."""
        values = os.fsencode(entry.source), os.fsencode(entry.target), entry.result_digest
        query = "UPDATE results SET source = ? WHERE target = ? AND digest = ? AND source IS NULL"
        self._database.execute(query, values)

    def disown(self, target: str) -> None:
        """Remove the owner of a result, because a user has changed the result."""
        self._database.execute("INSERT OR REPLACE INTO results VALUES (?, NULL, '')", (os.fsencode(target),))

    def retry(self, source: str) -> None:
        """Have a file processed again; it keeps its result."""
        self._database.execute("UPDATE files SET state = 'claimed' WHERE source = ?", (os.fsencode(source),))

    def release(self, sources: Iterable[str]) -> None:
        """Remove the owners of results whose files are gone: the next file of the name is another file."""
        values = [(os.fsencode(source),) for source in sources]
        with self._transaction():
            self._database.executemany("UPDATE results SET source = NULL WHERE source = ?", values)

    def forget(self, sources: Iterable[str]) -> None:
        """Remove the entries of files."""
        with self._transaction():
            values = [(os.fsencode(source),) for source in sources]
            self._database.executemany("DELETE FROM files WHERE source = ?", values)

    def unowned(self) -> Iterator[str]:
        """Results without an owner."""
        for (target,) in self._database.execute("SELECT target FROM results WHERE source IS NULL"):
            yield path_from(target)

    def drop(self, targets: Iterable[str]) -> None:
        """Remove entries of results that have no owner."""
        values = [(os.fsencode(target),) for target in targets]
        with self._transaction():
            self._database.executemany("DELETE FROM results WHERE target = ? AND source IS NULL", values)

    def note(self, **about: object) -> None:
        """Record facts about the daemon."""
        values = [(name, os.fsencode(str(value))) for name, value in about.items()]
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values)

    def about(self) -> dict[str, str]:
        """The facts recorded by ``note``."""
        return about_from(self._database.execute("SELECT * FROM about"))

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        query = f"SELECT {COLUMNS} FROM files {where}"  # noqa: S608  the condition comes from this module
        return map(entry_from, self._database.execute(query, values))

    def _check_rows(self) -> None:
        """Check every value before any of them is used."""
        for _ in self.entries():
            pass
        for target, source, digest in self._database.execute("SELECT target, source, digest FROM results"):
            path_from(target)
            result_from(source, digest)
        self.about()

    def _write(self, entry: Entry) -> None:
        row = row_of(entry)
        placeholders = ", ".join("?" * len(row))
        query = f"INSERT OR REPLACE INTO files ({COLUMNS}) VALUES ({placeholders})"  # noqa: S608  only column names and placeholders
        self._database.execute(query, row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction: everything written inside it is recorded, or nothing."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


def _copy_in_memory(path: Path) -> sqlite3.Connection:
    """A copy of the database in memory, where it can be upgraded."""
    where = f"{path.absolute().as_uri()}?mode=ro"
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with closing(sqlite3.connect(where, timeout=_BUSY_SECONDS, uri=True)) as database:
            database.backup(copy)
    except sqlite3.OperationalError:
        # Another user's database, whose shared memory we cannot use: read the file itself.
        with closing(sqlite3.connect(f"{where}&immutable=1", uri=True)) as database:
            database.backup(copy)
    return copy
