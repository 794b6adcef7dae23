"""What the ledger says, for people and for programs; and failed files, to be tried again."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.mounts import network_of
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import complain, say
from kquant_hooks.watch.damage import in_words
from kquant_hooks.watch.folder import files_in
from kquant_hooks.watch.ledger import Ledger, is_ledger_in
from kquant_hooks.watch.lock import is_locked
from kquant_hooks.watch.plan import STATE_FOLDER


def tell(home: Path, *, as_json: bool) -> int:
    """Print what became of the files whose results are in ``home``; returns the exit code."""
    state = home / STATE_FOLDER
    if not is_ledger_in(state):
        complain(f"{home} is no folder of results: it has no ledger")
        return EXIT_USAGE
    try:
        facts = _facts(state)
    except (sqlite3.Error, OSError) as error:
        return _refuse(error, state)
    for line in [json.dumps(facts)] if as_json else _lines(facts):
        say(one_line(line))
    return EXIT_FAILED if facts["failed"] else EXIT_DONE


def retry(home: Path) -> int:
    """Have the failed files tried again; returns the exit code.

    A daemon that runs sees it in the ledger; the number of its process may be another one's by now.
    """
    state = home / STATE_FOLDER
    if not is_ledger_in(state):
        complain(f"{home} is no folder of results: it has no ledger")
        return EXIT_USAGE
    try:
        running = is_locked(state)
        ledger = Ledger(state, shared=network_of(state) is None, upgrade=not running)
        try:
            failed = [entry.source for entry in ledger.entries("failed")]
            for source in failed:
                ledger.reopen(source)
        finally:
            ledger.close()
    except (sqlite3.Error, OSError) as error:
        return _refuse(error, state)
    count = f"{len(failed)} failed file{'s' * (len(failed) != 1)}"
    when = "by the running kquant watch, within seconds" if running else "when kquant watch runs"
    say(f"{count} will be tried again {when}" if failed else "no file has failed")
    return EXIT_DONE


def _refuse(error: sqlite3.Error | OSError, state: Path) -> int:
    if isinstance(error, OSError):
        complain(f"the ledger in {state} cannot be used: {error.strerror or error}")
    else:
        complain(in_words(error, state))
    return EXIT_FAILED


def _facts(state: Path) -> dict[str, Any]:
    ledger = Ledger(state, read_only=True)
    try:
        about = ledger.about()
        inbox = about.get("inbox", "")
        waiting = {}
        # A folder that is gone has none.
        with suppress(OSError), open_folder(Path(inbox or os.devnull)) as root:
            for source, sample in files_in(root, recursive=about.get("recursive") != "False"):
                entry = ledger.find(source)
                if entry is None or not (entry.is_settled and entry.is_about(sample)):
                    waiting[source] = "" if entry is None else entry.reason
        failed, skipped = (
            {entry.source: entry.reason for entry in ledger.entries(kind)} for kind in ("failed", "skipped")
        )
        return {
            "running": is_locked(state),
            "process": int(about.get("process", 0)),
            "inbox": inbox,
            "observer": about.get("observer", ""),
            "started": _time(about.get("started")),
            "last_scan": _time(about.get("last_scan")),
            "done": ledger.counts().get("done", 0),
            "waiting": waiting,
            "skipped": skipped,
            "failed": failed,
        }
    finally:
        ledger.close()


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    if facts["running"]:
        yield f"watching {facts['inbox']} by {facts['observer']}, process {facts['process']}"
    else:
        yield f"not running; it was for {facts['inbox']}"
    yield f"started {facts['started']}, last look at everything {facts['last_scan']}"
    counts = {name: len(facts[name]) for name in ("waiting", "skipped", "failed")}
    yield ", ".join([f"{facts['done']} done", *(f"{count} {name}" for name, count in counts.items())])
    for name in counts:
        for source, reason in facts[name].items():
            yield ": ".join(filter(None, (name, source, reason)))


def _time(seconds: str | None) -> str | None:
    return (
        None
        if seconds is None
        else datetime.fromtimestamp(float(seconds)).astimezone().isoformat(" ", "seconds")
    )
