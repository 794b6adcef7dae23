"""``--status`` prints what the ledger knows; ``--retry`` has failed files processed again."""

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
from kquant_hooks.report.printing import print_error, print_line
from kquant_hooks.watch.damage import describe_ledger_error
from kquant_hooks.watch.folder import files_in
from kquant_hooks.watch.ledger import Ledger, is_ledger_in
from kquant_hooks.watch.lock import is_locked
from kquant_hooks.watch.plan import STATE_FOLDER


def print_status(outbox: Path, *, as_json: bool) -> int:
    """Print what happened to the files whose results are in ``outbox``; returns the exit code."""
    state_dir = outbox / STATE_FOLDER
    if not is_ledger_in(state_dir):
        return _report_missing_ledger(outbox)
    try:
        facts = _facts(state_dir)
    except (sqlite3.Error, OSError) as error:
        return _report_unusable_ledger(error, state_dir)
    for line in [json.dumps(facts)] if as_json else _lines(facts):
        print_line(one_line(line))
    return EXIT_FAILED if facts["failed"] else EXIT_DONE


def retry(outbox: Path) -> int:
    """Have the failed files processed again; returns the exit code.

    A running daemon notices the change of the ledger. It is not signalled: its process number may belong to
    another process by now.
    """
    state_dir = outbox / STATE_FOLDER
    if not is_ledger_in(state_dir):
        return _report_missing_ledger(outbox)
    try:
        running = is_locked(state_dir)
        ledger = Ledger(state_dir, shared=network_of(state_dir) is None, upgrade=not running)
        try:
            failed = [entry.source for entry in ledger.entries("failed")]
            for source in failed:
                ledger.retry(source)
        finally:
            ledger.close()
    except (sqlite3.Error, OSError) as error:
        return _report_unusable_ledger(error, state_dir)
    count = f"{len(failed)} failed file{'s' * (len(failed) != 1)}"
    when = "by the running kquant watch, within seconds" if running else "when kquant watch is next started"
    print_line(f"{count} will be tried again {when}" if failed else "no file has failed")
    return EXIT_DONE


def _report_missing_ledger(outbox: Path) -> int:
    print_error(f"{outbox} is not a folder of results: it has no {STATE_FOLDER} ledger")
    return EXIT_USAGE


def _report_unusable_ledger(error: sqlite3.Error | OSError, state_dir: Path) -> int:
    if isinstance(error, OSError):
        print_error(f"the ledger in {state_dir} cannot be used: {error.strerror or error}")
    else:
        print_error(describe_ledger_error(error, state_dir))
    return EXIT_FAILED


def _facts(state_dir: Path) -> dict[str, Any]:
    ledger = Ledger(state_dir, read_only=True)
    try:
        about = ledger.about()
        inbox = about.get("inbox", "")
        waiting = {}
        # If the folder is gone, nothing waits in it.
        with suppress(OSError), open_folder(Path(inbox or os.devnull)) as root:
            for source, sample in files_in(root, recursive=about.get("recursive") != "False"):
                entry = ledger.find(source)
                if entry is None or not (entry.is_settled and entry.is_about(sample)):
                    waiting[source] = "" if entry is None else entry.reason
        failed, skipped = (
            {entry.source: entry.reason for entry in ledger.entries(kind)} for kind in ("failed", "skipped")
        )
        return {
            "running": is_locked(state_dir),
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
        yield f"not running; last run for {facts['inbox']}"
    yield f"started {facts['started']}, last full scan {facts['last_scan']}"
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
