"""One daemon for each folder of results: locks it, opens its ledger, and starts over after what may pass."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from kquant_hooks.assets.many import sweep_folders
from kquant_hooks.disk.mounts import Mounts, network_of
from kquant_hooks.disk.temporary import PREFIX
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from kquant_hooks.watch.daemon import Daemon
from kquant_hooks.watch.damage import in_words, may_pass
from kquant_hooks.watch.home import HomeGoneError, open_home
from kquant_hooks.watch.ledger import Ledger, is_ledger_in
from kquant_hooks.watch.lock import LockedError, locked
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.rereading import reread

_FIRST_PAUSE, _LAST_PAUSE = 1.0, 60.0
_TRIES_ONCE = 3
# Seconds after which a session has shown that what was wrong before it is over.
_LASTED = 10.0


def serve(plan: Plan, log: Log) -> int:
    """Run a daemon until it is asked to stop; returns the exit code."""
    mailbox = Mailbox(log.is_deserted)
    pause = _FIRST_PAUSE
    tries = 0
    # Of the ledger, once one was opened.
    ledger = ""
    mounts = Mounts({plan.inbox, plan.home})
    with mailbox.open():
        while True:
            start = time.monotonic()
            daemon = None
            try:
                with _session(plan, log, mailbox, mounts, ledger) as (daemon, ledger):
                    return _run(plan, log, mailbox, daemon)
            except LockedError as error:
                log.say("error", str(error), level="error")
                return EXIT_USAGE
            except (HomeGoneError, sqlite3.Error, OSError, MemoryError) as error:
                if isinstance(error, sqlite3.Error) and not may_pass(error):
                    log.say("error", in_words(error, plan.state), level="error")
                    return EXIT_FAILED
                tries += 1
                if time.monotonic() - start > _LASTED:
                    pause = _FIRST_PAUSE
                give_up = bool(mailbox.stops) or (plan.once and tries >= _TRIES_ONCE)
                what = "given up" if give_up else f"started again in {pause:g} s"
                log.say("trouble", f"{_words(error, plan)}; {what}", level="error")
                if give_up and not mailbox.stops:
                    return EXIT_FAILED
            if daemon is not None:
                plan = daemon.plan
            _sleep(mailbox, pause)
            if mailbox.rereads():
                plan = reread(plan, log)
            pause = min(2 * pause, _LAST_PAUSE)
            if mailbox.stops:
                log.say("stopped", "stopped")
                return EXIT_INTERRUPTED if mailbox.hung_up else EXIT_DONE


def _run(plan: Plan, log: Log, mailbox: Mailbox, daemon: Daemon) -> int:
    _greet(plan, log, daemon)
    daemon.run()
    if mailbox.stops > 1 or mailbox.hung_up:
        return EXIT_INTERRUPTED
    if mailbox.stops:
        text = "stopped; nothing is half done"
        left = f"; {daemon.in_hand} in hand are taken up at the next start" if daemon.in_hand else ""
        log.say("stopped", text + left)
        return EXIT_DONE
    log.say("stopped", "nothing is left to do")
    return EXIT_FAILED if daemon.desk.failures else EXIT_DONE


@contextmanager
def _session(
    plan: Plan, log: Log, mailbox: Mailbox, mounts: Mounts, before: str
) -> Iterator[tuple[Daemon, str]]:
    """A daemon with its ledger, which has to be that of the session before, if there was one."""
    _leave_removed_folder()
    if not plan.home.is_dir():
        raise HomeGoneError(f"{plan.home} is gone")
    if before and not is_ledger_in(plan.state):
        # What is there may be an empty folder on which a share is to be mounted.
        raise HomeGoneError(f"{plan.home} is there without its ledger; to begin anew, restart kquant watch")
    if not os.path.lexists(plan.state):
        plan.state.mkdir()
    with (
        locked(plan.state),
        open_home(plan.home, mounts) as home,
        closing(Ledger(plan.state, shared=network_of(plan.state) is None)) as ledger,
    ):
        # It was opened by its path.
        home.check()
        name = ledger.about().get("name") or uuid4().hex
        if before not in ("", name):
            raise HomeGoneError(f"{plan.home} has another ledger now; to go on with it, restart kquant watch")
        sweep_leftovers(plan.home)
        ledger.note(
            name=name,
            process=os.getpid(),
            started=time.time(),
            inbox=plan.inbox,
            recursive=plan.watch.recursive,
        )
        yield Daemon(plan, ledger, home, log, mailbox), name


def _leave_removed_folder() -> None:
    """Worker processes are started in this process's folder, which somebody may have removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        os.chdir(os.sep)


def sweep_leftovers(home: Path) -> None:
    """Remove what processes that were killed while they wrote have left; those that still run keep theirs."""
    for folder, folders, names in os.walk(home):
        folders[:] = [name for name in folders if not name.startswith(".")]
        sweep_folders(Path(folder, name) for name in names if name.startswith(PREFIX))


def _greet(plan: Plan, log: Log, daemon: Daemon) -> None:
    watch = plan.watch
    where = "rewritten where they are" if plan.outbox is None else f"published to {plan.outbox}"
    daemon.finder.check(time.monotonic())
    settings = plan.applied_to(plan.inbox / "any.png").settings
    text = (
        f"watching {plan.inbox} by {daemon.finder.watching.kind}; files are {where}, {settings!r}, "
        f"settle {watch.settle:g} s, rescan {watch.rescan:g} s, originals {watch.originals}"
    )
    log.say(
        "started",
        text,
        inbox=str(plan.inbox),
        outbox=str(plan.home),
        observer=daemon.finder.watching.kind,
        originals=watch.originals,
        settle=watch.settle,
        rescan=watch.rescan,
    )


def _sleep(mailbox: Mailbox, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not mailbox.stops and (left := end - time.monotonic()) > 0:
        mailbox.bell.poll(left)
        mailbox.take()


def _words(error: Exception, plan: Plan) -> str:
    if isinstance(error, sqlite3.Error):
        return in_words(error, plan.state)
    if isinstance(error, MemoryError):
        return "there is no memory left"
    if isinstance(error, OSError):
        return f"{error.filename or plan.home}: {error.strerror or error}"
    return str(error)
