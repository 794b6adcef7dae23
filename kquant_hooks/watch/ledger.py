"""What was done with which version of which file: a SQLite database in the results' folder."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kquant_hooks.watch.intake import Sample

State = Literal["claimed", "done", "skipped", "failed"]

_FILE = "ledger.sqlite3"
_BUSY_SECONDS = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    source BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, fingerprint TEXT,
    target BLOB, state TEXT, reason TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS targets ON files (target);
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes
    ----------
    source : str
        Its path below the watched folder.
    sample : Sample
        The version.
    fingerprint : str
        Of the settings.
    target : str
        The result's path below the folder of results; empty where there is none.
    state : {"claimed", "done", "skipped", "failed"}
        "claimed" is one whose target is set aside for it and may be written already.
    reason : str
        For the last two.
    """

    source: str
    sample: Sample
    fingerprint: str
    target: str
    state: State
    reason: str = ""

    def is_of(self, sample: Sample, fingerprint: str) -> bool:
        """Whether this version was dealt with, with these settings."""
        return self.state != "claimed" and (self.sample, self.fingerprint) == (sample, fingerprint)


def is_ledger_in(folder: Path) -> bool:
    """Whether a folder has a ledger."""
    return (folder / _FILE).is_file()


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

    Raises
    ------
    sqlite3.Error
        From every method, if the disk is full or gone.
    """

    def __init__(self, folder: Path, *, shared: bool = True, read_only: bool = False) -> None:
        if read_only:
            self._database = _reading(folder / _FILE)
            return
        self._database = sqlite3.connect(folder / _FILE, timeout=_BUSY_SECONDS, isolation_level=None)
        self._database.execute(f"PRAGMA journal_mode={'WAL' if shared else 'TRUNCATE'}")
        # What is committed is on the disk, even if the power goes.
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Close it; what was recorded is there."""
        self._database.close()

    def find(self, source: str) -> Entry | None:
        """What is known of a file."""
        return next(self._entries("WHERE source = ?", os.fsencode(source)), None)

    def owner(self, target: str) -> str | None:
        """The file that a result belongs to."""
        found = next(self._entries("WHERE target = ?", os.fsencode(target)), None)
        return None if found is None else found.source

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """All files, or those of a state, by path."""
        where = "" if state is None else "WHERE state = ?"
        return self._entries(f"{where} ORDER BY source", *([] if state is None else [state]))

    def counts(self) -> dict[str, int]:
        """Files by state."""
        return dict(self._database.execute("SELECT state, count(*) FROM files GROUP BY state ORDER BY state"))

    def record(self, entry: Entry) -> None:
        """Put down what became of a file, in place of what was known of it."""
        values = (
            os.fsencode(entry.source), entry.sample.size, entry.sample.mtime_ns, entry.sample.inode,
            entry.fingerprint, os.fsencode(entry.target), entry.state, _text(entry.reason),
        )  # fmt: skip
        self._database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def reopen(self, source: str) -> None:
        """Have a file taken up again as it is, whose result, if there is one, stays its own."""
        self._database.execute("UPDATE files SET state = 'claimed' WHERE source = ?", (os.fsencode(source),))

    def forget(self, source: str) -> None:
        """As if the file had never been there."""
        self._database.execute("DELETE FROM files WHERE source = ?", (os.fsencode(source),))

    def note(self, **about: object) -> None:
        """Put down what is known of the daemon."""
        values = [(name, os.fsencode(str(value))) for name, value in about.items()]
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values)

    def about(self) -> dict[str, str]:
        """What ``note`` put down."""
        return {name: os.fsdecode(value) for name, value in self._database.execute("SELECT * FROM about")}

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        columns = "source, size, mtime_ns, inode, fingerprint, target, state, reason"
        query = f"SELECT {columns} FROM files {where}"  # noqa: S608  the condition is one of this module's own
        rows = self._database.execute(query, values)
        for source, size, mtime_ns, inode, fingerprint, target, state, reason in rows:
            sample = Sample(size, mtime_ns, inode)
            yield Entry(os.fsdecode(source), sample, fingerprint, os.fsdecode(target), state, reason)


def _reading(path: Path) -> sqlite3.Connection:
    where = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(where, timeout=_BUSY_SECONDS, uri=True)
    try:
        connection.execute("SELECT count(*) FROM files")
    except sqlite3.OperationalError:
        connection.close()
        # Of somebody else, whose memory is not ours to share: then what the file itself holds.
        connection = sqlite3.connect(f"{where}&immutable=1", uri=True)
    return connection


def _text(reason: str) -> str:
    """As the database can hold it: names may hold bytes that are no text."""
    return reason.encode("utf-8", "backslashreplace").decode()
