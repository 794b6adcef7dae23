"""What was done with which version of which file: a SQLite database in the results' folder."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kquant_hooks.watch.intake import UNKNOWN, Sample
from kquant_hooks.watch.schema import prepare

State = Literal["claimed", "waiting", "done", "skipped", "failed"]

_FILE = "ledger.sqlite3"
_BUSY_SECONDS = 10.0
_COLUMNS = "source, size, mtime_ns, inode, ctime_ns, fingerprint, target, state, reason, digest, made"


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
    state : {"claimed", "waiting", "done", "skipped", "failed"}
        "claimed" is one whose target is set aside for it and may be written already; "waiting" one whose
        target is taken.
    reason : str
        For all but "done".
    digest : str
        Of what it held; empty if that is not known.
    made : str
        Of what its result held when that was written; empty if that is not known.
    """

    source: str
    sample: Sample
    fingerprint: str
    target: str
    state: State
    reason: str = ""
    digest: str = ""
    made: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done with this version of the file."""
        return self.state not in ("claimed", "waiting")

    def is_about(self, sample: Sample) -> bool:
        """Whether it is about this version of the file."""
        return self.sample == sample or (self.sample.ctime_ns == UNKNOWN and self.sample.resembles(sample))


@dataclass(frozen=True, slots=True)
class Result:
    """A file in the folder of results.

    Attributes
    ----------
    source : str, optional
        Whose own it is; None: nobody's, since the source is gone or the result was changed.
    digest : str
        Of what was written; empty if that is not known or not there any more.
    """

    source: str | None
    digest: str

    @property
    def is_kept(self) -> bool:
        """Whether somebody else has changed it."""
        return self.source is None and not self.digest


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
        self._seen: int | None = None
        if read_only:
            self._database = _reading(folder / _FILE)
            return
        self._database = sqlite3.connect(folder / _FILE, timeout=_BUSY_SECONDS, isolation_level=None)
        self._database.execute(f"PRAGMA journal_mode={'WAL' if shared else 'TRUNCATE'}")
        # What is committed is on the disk, even if the power goes.
        self._database.execute("PRAGMA synchronous=FULL")
        prepare(self._database)

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
        for source, digest in self._database.execute(query, (os.fsencode(target),)):
            return Result(None if source is None else os.fsdecode(source), digest)
        return None

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """All files, or those of a state, by path."""
        where = "" if state is None else "WHERE state = ?"
        return self._entries(f"{where} ORDER BY source", *([] if state is None else [state]))

    def counts(self) -> dict[str, int]:
        """Files by state."""
        return dict(self._database.execute("SELECT state, count(*) FROM files GROUP BY state ORDER BY state"))

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
            yield os.fsdecode(target)

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
        return {name: os.fsdecode(value) for name, value in self._database.execute("SELECT * FROM about")}

    def _entries(self, where: str, *values: object) -> Iterator[Entry]:
        query = f"SELECT {_COLUMNS} FROM files {where}"  # noqa: S608  the condition is one of this module's own
        for source, size, mtime_ns, inode, ctime_ns, fingerprint, target, *rest in self._database.execute(
            query, values
        ):
            sample = Sample(size, mtime_ns, inode, ctime_ns)
            yield Entry(os.fsdecode(source), sample, fingerprint, os.fsdecode(target), *rest)

    def _write(self, entry: Entry) -> None:
        sample = entry.sample
        values = (
            os.fsencode(entry.source), sample.size, sample.mtime_ns, sample.inode, sample.ctime_ns,
            entry.fingerprint, os.fsencode(entry.target), entry.state, _text(entry.reason), entry.digest,
            entry.made,
        )  # fmt: skip
        marks = ", ".join("?" * len(values))
        query = f"INSERT OR REPLACE INTO files ({_COLUMNS}) VALUES ({marks})"  # noqa: S608  nothing but names and marks
        self._database.execute(query, values)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """All that is written inside, or none of it."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield


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
