"""One daemon for each folder of results: locks it, opens its ledger, and starts over after what may pass."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kquant_hooks.assets.atomic import PREFIX
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from kquant_hooks.watch.daemon import Daemon, HomeGoneError
from kquant_hooks.watch.events import network_of
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan

_LOCK = "lock.sqlite3"
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 60.0
_TRIES_ONCE = 3


class LockedError(Exception):
    """Another daemon has the folder of results."""


def serve(plan: Plan, log: Log) -> int:
    """Run a daemon until it is asked to stop; returns the exit code."""
    mailbox = Mailbox()
    pause = _FIRST_PAUSE
    tries = 0
    with mailbox.open():
        while True:
            try:
                return _serve_once(plan, log, mailbox)
            except LockedError as error:
                log.say("error", str(error), level="error")
                return EXIT_USAGE
            except (HomeGoneError, sqlite3.Error, OSError) as error:
                tries += 1
                give_up = bool(mailbox.stops) or (plan.once and tries >= _TRIES_ONCE)
                what = "given up" if give_up else f"started again in {pause:g} s"
                log.say("trouble", f"{_words(error)}; {what}", level="error")
                if give_up:
                    return EXIT_FAILED
            _sleep(mailbox, pause)
            pause = min(2 * pause, _LAST_PAUSE)
            if mailbox.stops:
                return EXIT_DONE


def _serve_once(plan: Plan, log: Log, mailbox: Mailbox) -> int:
    with _session(plan, mailbox, log) as daemon:
        _greet(plan, log, daemon)
        daemon.run()
    if mailbox.stops > 1:
        return EXIT_INTERRUPTED
    log.say("stopped", "stopped; nothing is half done" if mailbox.stops else "nothing is left to do")
    return EXIT_FAILED if plan.once and daemon.desk.failures else EXIT_DONE


@contextmanager
def _session(plan: Plan, mailbox: Mailbox, log: Log) -> Iterator[Daemon]:
    with locked(plan.state):
        ledger = Ledger(plan.state, shared=network_of(plan.state) is None)
        try:
            sweep_leftovers(plan.home)
            ledger.note(process=os.getpid(), started=time.time(), inbox=plan.inbox)
            yield Daemon(plan, ledger, log, mailbox)
        finally:
            ledger.close()


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the lock of a folder of results, which a crash lets go of; LockedError if another has it."""
    if not state.parent.is_dir():
        raise HomeGoneError(f"{state.parent} is gone")
    state.mkdir(exist_ok=True)
    connection = sqlite3.connect(state / _LOCK, timeout=0, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise LockedError(f"another kquant watch is at work for {state.parent}") from None
        yield
    finally:
        connection.close()


def sweep_leftovers(home: Path) -> None:
    """Remove what processes that were killed while they wrote have left; those that still run keep theirs."""
    for folder, folders, names in os.walk(home):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            match = re.match(re.escape(PREFIX) + r"(\d+)-", name)
            if match and not _runs(int(match[1])):
                Path(folder, name).unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name == "nt":
        # There, asking is ending; what is left over is swept by whoever is not there any more.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    # One that ended, and whose parent has not asked how.
    return state != "Z"


def _greet(plan: Plan, log: Log, daemon: Daemon) -> None:
    watch = plan.watch
    where = "rewritten where they are" if plan.outbox is None else f"published to {plan.outbox}"
    daemon.watching.check(time.monotonic())
    settings = plan.applied_to(plan.inbox / "any.png").settings
    text = (
        f"watching {plan.inbox} by {daemon.watching.kind}; files are {where}, {settings!r}, "
        f"settle {watch.settle:g} s, rescan {watch.rescan:g} s, originals {watch.originals}"
    )
    log.say("started", text, inbox=str(plan.inbox), observer=daemon.watching.kind)


def _sleep(mailbox: Mailbox, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not mailbox.stops and (left := end - time.monotonic()) > 0:
        mailbox.bell.poll(left)
        mailbox.take()


def _words(error: Exception) -> str:
    return str(error) if not isinstance(error, sqlite3.Error) else f"the ledger cannot be used: {error}"
