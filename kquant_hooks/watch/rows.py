"""Rows of a ledger as values, and back.

The file is untrusted: whoever may write to the folder of results may have put it there, and disks fail. What
no kquant writes is damage, and no path leads out of its folder.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from typing import Any, cast, get_args

from kquant_hooks.watch.damage import DamagedError
from kquant_hooks.watch.entry import UNKNOWN_DIGEST, Entry, Result, State
from kquant_hooks.watch.intake import UNKNOWN, Sample
from kquant_hooks.watch.plan import STATE_FOLDER

COLUMNS = "source, size, mtime_ns, inode, ctime_ns, fingerprint, target, state, reason, digest, made"
_STATES: dict[Any, State] = {name.encode(): name for name in get_args(State)}
_SHOWN = 40
_DIGEST = re.compile("(?:[0-9a-f]{64})?")
# Header of the daemon that are numbers, and the most that they are: of times, what a calendar has a date for.
_NUMBERS = {"process": 1 << 32, "started": 1 << 34, "last_scan": 1 << 34, "folder": 1 << 64}


def entry_from(row: tuple[Any, ...]) -> Entry:
    """A file, from a row of the columns."""
    source, size, mtime_ns, inode, ctime_ns, fingerprint, target, state, reason, digest, made = row
    for number in (size, mtime_ns, inode, ctime_ns):
        if not isinstance(number, int) or number < UNKNOWN:
            raise _damage(number, "size, time or number of a file")
    if state not in _STATES:
        raise _damage(state, "state of a file")
    return Entry(
        path_from(source),
        Sample(size, mtime_ns, inode, ctime_ns),
        _text(fingerprint),
        path_from(target) if target != b"" else "",
        _STATES[state],
        _text(reason),
        _digest(digest),
        _digest(made),
    )


def row_of(entry: Entry) -> tuple[Any, ...]:
    """A row of the columns."""
    sample = entry.sample
    return (
        os.fsencode(entry.source), sample.size, sample.mtime_ns, sample.inode, sample.ctime_ns,
        entry.fingerprint, os.fsencode(entry.target), entry.state,
        # Names may hold bytes that are no text.
        entry.reason.encode("utf-8", "backslashreplace").decode(), entry.digest, entry.made,
    )  # fmt: skip


def result_from(source: Any, digest: Any) -> Result:
    """A result, from a source that may be NULL and a digest."""
    word = UNKNOWN_DIGEST if digest == UNKNOWN_DIGEST.encode() else _digest(digest)
    return Result(None if source is None else path_from(source), word)


def path_from(value: Any) -> str:
    """A path below the watched folder or that of the results."""
    path = os.fsdecode(value) if isinstance(value, bytes) else ""
    parts = path.replace(os.altsep or os.sep, os.sep).split(os.sep)
    # The first part of an absolute path is empty.
    if "\0" in path or os.path.splitdrive(path)[0] or any(map(_leads_elsewhere, parts)):
        raise _damage(value, "path below a folder")
    return path


def about_from(rows: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """What is known of the daemon."""
    about = {}
    for name, value in rows:
        word = os.fsdecode(value) if isinstance(value, bytes) else "\0"
        most = _NUMBERS.get(_text(name))
        if "\0" in word or (most is not None and not _is_number(word, most)):
            raise _damage(value, f"value of {_text(name)!r}")
        about[_text(name)] = word
    return about


def _leads_elsewhere(part: str) -> bool:
    return part in ("", os.curdir, os.pardir) or part.casefold() == STATE_FOLDER


def _digest(value: Any) -> str:
    word = _text(value)
    if not _DIGEST.fullmatch(word):
        raise _damage(value, "digest")
    return word


def _text(value: Any) -> str:
    try:
        return cast("bytes", value).decode()
    except (AttributeError, UnicodeDecodeError):
        raise _damage(value, "text") from None


def _is_number(word: str, most: int) -> bool:
    try:
        return 0 <= float(word) < most and math.isfinite(float(word))
    except ValueError:
        return False


def _damage(value: Any, kind: str) -> DamagedError:
    shown = repr(value)
    return DamagedError(f"{shown if len(shown) < _SHOWN else f'{shown[:_SHOWN]}...'} is no {kind}")
