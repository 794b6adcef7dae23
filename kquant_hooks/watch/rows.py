"""Converts rows of a ledger to values and back.

The file is untrusted: any user who can write to the folder of results may have made it, and disks fail. A
value that kquant never writes is damage, and no path leads out of its folder.
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
_MAX_SHOWN = 40
_DIGEST_PATTERN = re.compile("(?:[0-9a-f]{64})?")
# Facts about the daemon that are numbers, and their limits; those of times keep dates within the calendar.
_NUMBER_LIMITS = {"process": 1 << 32, "started": 1 << 34, "last_scan": 1 << 34, "folder": 1 << 64}


def entry_from(row: tuple[Any, ...]) -> Entry:
    """The entry of a file, from a row of ``COLUMNS``."""
    source, size, mtime_ns, inode, ctime_ns, fingerprint, target, state, reason, digest, result_digest = row
    for number in (size, mtime_ns, inode, ctime_ns):
        if not isinstance(number, int) or number < UNKNOWN:
            raise _damage_of(number, "size, time or number of a file")
    if state not in _STATES:
        raise _damage_of(state, "state of a file")
    return Entry(
        path_from(source),
        Sample(size, mtime_ns, inode, ctime_ns),
        _text(fingerprint),
        path_from(target) if target != b"" else "",
        _STATES[state],
        _text(reason),
        _digest(digest),
        _digest(result_digest),
    )


def row_of(entry: Entry) -> tuple[Any, ...]:
    """The row of ``COLUMNS`` for an entry."""
    sample = entry.sample
    return (
        os.fsencode(entry.source), sample.size, sample.mtime_ns, sample.inode, sample.ctime_ns,
        entry.fingerprint, os.fsencode(entry.target), entry.state,
        # Names may contain bytes that are not text.
        entry.reason.encode("utf-8", "backslashreplace").decode(), entry.digest, entry.result_digest,
    )  # fmt: skip


def result_from(source: Any, digest: Any) -> Result:
    """The entry of a result, from its source, which may be NULL, and its digest."""
    word = UNKNOWN_DIGEST if digest == UNKNOWN_DIGEST.encode() else _digest(digest)
    return Result(None if source is None else path_from(source), word)


def path_from(value: Any) -> str:
    """A path relative to the watched folder or to the folder of results."""
    path = os.fsdecode(value) if isinstance(value, bytes) else ""
    parts = path.replace(os.altsep or os.sep, os.sep).split(os.sep)
    # The first part of an absolute path is empty.
    if "\0" in path or os.path.splitdrive(path)[0] or any(map(_leads_elsewhere, parts)):
        raise _damage_of(value, "path below a folder")
    return path


def about_from(rows: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Facts about the daemon."""
    about = {}
    for name, value in rows:
        word = os.fsdecode(value) if isinstance(value, bytes) else "\0"
        limit = _NUMBER_LIMITS.get(_text(name))
        if "\0" in word or (limit is not None and not _is_number(word, limit)):
            raise _damage_of(value, f"value of {_text(name)!r}")
        about[_text(name)] = word
    return about


def _leads_elsewhere(part: str) -> bool:
    return part in ("", os.curdir, os.pardir) or part.casefold() == STATE_FOLDER


def _digest(value: Any) -> str:
    word = _text(value)
    if not _DIGEST_PATTERN.fullmatch(word):
        raise _damage_of(value, "digest")
    return word


def _text(value: Any) -> str:
    try:
        return cast("bytes", value).decode()
    except (AttributeError, UnicodeDecodeError):
        raise _damage_of(value, "text value") from None


def _is_number(word: str, limit: int) -> bool:
    try:
        return 0 <= float(word) < limit and math.isfinite(float(word))
    except ValueError:
        return False


def _damage_of(value: Any, kind: str) -> DamagedError:
    shown = repr(value)
    return DamagedError(f"{shown if len(shown) < _MAX_SHOWN else f'{shown[:_MAX_SHOWN]}...'} is not a {kind}")
