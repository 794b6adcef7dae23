"""What was done with which version of which file: a SQLite database in the results' folder."""

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
    """Whether a folder has a ledger."""
    return (folder / LEDGER).is_file()


class Ledger:
    """The database, opened.

    Parameters
    ----------
    folder : Path
        Where it is, or is made.
    shared : bool
        Whether the folder can hold memory that processes share; network file systems cannot.
    read_only : bool
        Whether nothing is written, not even to open it.
    upgrade : bool
        Whether a ledger of an earlier version is brought up to date.

    Raises
    ------
    LedgerError
        If it cannot be used; see ``damage``.
    sqlite3.Error
        From every method, if the disk is full or gone, or what is read is damaged.
    """

    def __init__(
        self, folder: Path, *, shared: bool = True, read_only: bool = False, upgrade: bool = True
    ) -> None:
        check_files(folder)
        self._seen: int | None = None
        path = folder / LEDGER
        self._database = _reading(path) if read_only else _opened(path)
        try:
            # What is text is for ``rows`` to say.
            self._database.text_factory = bytes
            if not read_only:
                self._database.execute(f"PRAGMA journal_mode={'WAL' if shared else 'TRUNCATE'}")
                # What is committed is on the disk, even if the power goes.
                self._database.execute("PRAGMA synchronous=FULL")
            prepare(self._database, upgrade=upgrade)
            self._read_all()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close it; what was recorded is there."""
        self._database.close()

    def is_changed(self) -> bool:
        """Whether another process has written to it since the last time that this was asked."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        seen, self._seen = self._seen, version
        return seen not in (None, version)

    def find(self, source: str) -> Entry | None:
        """What is known of a file."""
        return next(self._entries("WHERE source = ?", os.fsencode(source)), None)

    def result(self, target: str) -> Result | None:
        """What is known of a result."""
        query = "SELECT source, digest FROM results WHERE target = ?"
        row = self._database.execute(query, (os.fsencode(target),)).fetchone()
        return None if row is None else result_from(*row)

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """All files, or those of a state, by path."""
        where = "" if state is None else "WHERE state = ?"
        return self._entries(f"{where} ORDER BY source", *([] if state is None else [state]))

    def counts(self) -> dict[str, int]:
        """Files by state."""
        query = "SELECT state, count(*) FROM files GROUP BY state ORDER BY state"
        return {state.decode(): count for state, count in self._database.execute(query)}

    def claim(self, entry: Entry, *, vacant: bool) -> None:
        """Put down that a file is worked on, and set its target aside; ``vacant``: nothing is there yet."""
        target = os.fsencode(entry.target)
        with self._at_once():
            self._write(entry)
            if vacant:
                self._database.execute("DELETE FROM results WHERE target = ?", (target,))
            query = "INSERT OR IGNORE INTO results VALUES (?, ?, '')"
            self._database.execute(query, (target, os.fsencode(entry.source)))

    def record(self, entry: Entry) -> None:
        """Put down what became of a file, in place of what was known of it."""
        with self._at_once():
            self._write(entry)

    def publish(self, entry: Entry, *, own: bool) -> None:
        """Put down a file with its result, which is its own or nobody's."""
        with self._at_once():
            self._write(entry)
            if entry.target:
                values = os.fsencode(entry.target), os.fsencode(entry.source) if own else None, entry.made
                self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", values)

    def renew(self, entries: Iterable[Entry]) -> None:
        """Put down what this version calls the settings and the file's version, unless something happened."""
        values = [
            (
                entry.sample.ctime_ns, entry.fingerprint, os.fsencode(entry.source), entry.state,
                entry.sample.size, entry.sample.mtime_ns, entry.sample.inode,
            )
            for entry in entries
        ]  # fmt: skip
        query = "UPDATE files SET ctime_ns = ?, fingerprint = ? WHERE source = ? AND state = ?"
        with self._at_once():
            self._database.executemany(f"{query} AND size = ? AND mtime_ns = ? AND inode = ?", values)

    def own(self, entry: Entry) -> None:
        """A result that is nobody's is its file's own again, which is still there."""
        values = os.fsencode(entry.source), os.fsencode(entry.target), entry.made
        query = "UPDATE results SET source = ? WHERE target = ? AND digest = ? AND source IS NULL"
        self._database.execute(query, values)

    def keep(self, target: str) -> None:
        """A result is nobody's any more, as somebody else has changed it."""
        self._database.execute("INSERT OR REPLACE INTO results VALUES (?, NULL, '')", (os.fsencode(target),))

    def reopen(self, source: str) -> None:
        """Have a file taken up again as it is, whose result, if there is one, stays its own."""
        self._database.execute("UPDATE files SET state = 'claimed' WHERE source = ?", (os.fsencode(source),))

    def release(self, sources: Iterable[str]) -> None:
        """The results of files that are gone are nobody's: the next file of such a name is another."""
        values = [(os.fsencode(source),) for source in sources]
        with self._at_once():
            self._database.executemany("UPDATE results SET source = NULL WHERE source = ?", values)

    def forget(self, sources: Iterable[str]) -> None:
        """As if files had never been there."""
        with self._at_once():
            values = [(os.fsencode(source),) for source in sources]
            self._database.executemany("DELETE FROM files WHERE source = ?", values)

    def nobodys(self) -> Iterator[str]:
        """Results that are nobody's."""
        for (target,) in self._database.execute("SELECT target FROM results WHERE source IS NULL"):
            yield path_from(target)

    def drop(self, targets: Iterable[str]) -> None:
        """As if results that are nobody's had never been there."""
        values = [(os.fsencode(target),) for target in targets]
        with self._at_once():
            self._database.executemany("DELETE FROM results WHERE target = ? AND source IS NULL", values)

    def note(self, **about: object) -> None:
        """Put down what is known of the daemon."""
        values = [(name, os.fsencode(str(value))) for name, value in about.items()]
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values)

    def about(self) -> dict[str, str]:
        """What ``note`` put down."""
        return about_from(self._database.execute("SELECT * FROM about"))

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        query = f"SELECT {COLUMNS} FROM files {where}"  # noqa: S608  the condition is one of this module's own
        return map(entry_from, self._database.execute(query, values))

    def _read_all(self) -> None:
        """See that every value is one that this program writes, before any of them is believed."""
        for _ in self.entries():
            pass
        for target, source, digest in self._database.execute("SELECT target, source, digest FROM results"):
            path_from(target)
            result_from(source, digest)
        self.about()

    def _write(self, entry: Entry) -> None:
        row = row_of(entry)
        marks = ", ".join("?" * len(row))
        query = f"INSERT OR REPLACE INTO files ({COLUMNS}) VALUES ({marks})"  # noqa: S608  names and marks
        self._database.execute(query, row)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """All that is written inside, or none of it."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


def _reading(path: Path) -> sqlite3.Connection:
    """The database as it is, in memory: there it can be brought up to date."""
    where = f"{path.absolute().as_uri()}?mode=ro"
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with closing(sqlite3.connect(where, timeout=_BUSY_SECONDS, uri=True)) as database:
            database.backup(copy)
    except sqlite3.OperationalError:
        # Of somebody else, whose memory is not ours to share: then what the file itself holds.
        with closing(sqlite3.connect(f"{where}&immutable=1", uri=True)) as database:
            database.backup(copy)
    return copy
