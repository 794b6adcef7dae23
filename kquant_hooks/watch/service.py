"""Runs the daemon of a folder of results: locks it, opens its ledger, and restarts after temporary errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from kquant_hooks.assets.batch import sweep_folders
from kquant_hooks.disk.mounts import Mounts, network_of
from kquant_hooks.disk.temporary import is_temporary
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from kquant_hooks.watch.backoff import Backoff
from kquant_hooks.watch.daemon import Daemon
from kquant_hooks.watch.damage import describe_ledger_error, is_transient
from kquant_hooks.watch.ledger import Ledger, is_ledger_in
from kquant_hooks.watch.lock import LockedError, locked
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.mailbox import Mailbox
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.reload import reloaded
from kquant_hooks.watch.results import ResultsGoneError, open_results

_RESTART_BACKOFF = Backoff(first=1.0, limit=60.0)
# The number of attempts with --once, because a user waits for the end.
_ONCE_ATTEMPTS = 3
# Seconds after which a running session shows that the error before it is over.
_STABLE_SECONDS = 10.0


def serve(plan: Plan, log: Log) -> int:
    """Run a daemon until it is asked to stop; returns the exit code."""
    mailbox = Mailbox(log.terminal_is_gone)
    attempts = failures = 0
    # The name of the ledger, once it has been opened.
    ledger = ""
    mounts = Mounts({plan.inbox, plan.results_dir})
    with mailbox.open():
        while True:
            start = time.monotonic()
            daemon = None
            try:
                with _session(plan, log, mailbox, mounts, ledger) as (daemon, ledger):
                    return _run(plan, log, mailbox, daemon)
            except LockedError as error:
                log.write("error", str(error), level="error")
                return EXIT_USAGE
            except (ResultsGoneError, sqlite3.Error, OSError, MemoryError) as error:
                if isinstance(error, sqlite3.Error) and not is_transient(error):
                    log.write("error", describe_ledger_error(error, plan.state_dir), level="error")
                    return EXIT_FAILED
                attempts += 1
                failures = 1 if time.monotonic() - start > _STABLE_SECONDS else failures + 1
                delay = _RESTART_BACKOFF.delay(failures)
                gives_up = bool(mailbox.stop_requests) or (plan.once and attempts >= _ONCE_ATTEMPTS)
                what = "giving up" if gives_up else f"restarting in {delay:g} s"
                log.write("trouble", f"{_describe_error(error, plan)}; {what}", level="error")
                if gives_up and not mailbox.stop_requests:
                    return EXIT_FAILED
            if daemon is not None:
                plan = daemon.plan
            _sleep(mailbox, delay)
            if mailbox.take_reload_request():
                plan = reloaded(plan, log)
            if mailbox.stop_requests:
                log.write("stopped", "stopped")
                return EXIT_INTERRUPTED if mailbox.hung_up else EXIT_DONE


def _run(plan: Plan, log: Log, mailbox: Mailbox, daemon: Daemon) -> int:
    _log_started(plan, log, daemon)
    daemon.run()
    if mailbox.stop_requests > 1 or mailbox.hung_up:
        return EXIT_INTERRUPTED
    if mailbox.stop_requests:
        text = "stopped; no file is half written"
        if daemon.unfinished:
            text += f"; unfinished files ({daemon.unfinished}) will be processed at the next start"
        log.write("stopped", text)
        return EXIT_DONE
    log.write("stopped", "there is nothing left to do")
    return EXIT_FAILED if daemon.dispatcher.failures else EXIT_DONE


@contextmanager
def _session(
    plan: Plan, log: Log, mailbox: Mailbox, mounts: Mounts, before: str
) -> Iterator[tuple[Daemon, str]]:
    """A daemon and the name of its ledger, which must be that of the session before, if there was one."""
    _leave_removed_folder()
    if not plan.results_dir.is_dir():
        raise ResultsGoneError(f"{plan.results_dir} is gone")
    if before and not is_ledger_in(plan.state_dir):
        # It may be the empty mount point of a share.
        raise ResultsGoneError(
            f"{plan.results_dir} has lost its ledger; to start with a new one, restart kquant watch"
        )
    if not os.path.lexists(plan.state_dir):
        plan.state_dir.mkdir()
    with (
        locked(plan.state_dir),
        open_results(plan.results_dir, mounts) as results,
        closing(Ledger(plan.state_dir, shared=network_of(plan.state_dir) is None)) as ledger,
    ):
        # The ledger was opened by its path.
        results.check()
        name = ledger.about().get("name") or uuid4().hex
        if before not in ("", name):
            raise ResultsGoneError(
                f"{plan.results_dir} has a different ledger now; to continue with it, restart kquant watch"
            )
        sweep_leftovers(plan.results_dir)
        ledger.note(
            name=name,
            process=os.getpid(),
            started=time.time(),
            inbox=plan.inbox,
            recursive=plan.watch.recursive,
        )
        yield Daemon(plan, ledger, results, log, mailbox), name


def _leave_removed_folder() -> None:
    """Leave the current folder if it was removed: worker processes could not start in it."""
    try:
        os.getcwd()
    except FileNotFoundError:
        os.chdir(os.sep)


def sweep_leftovers(results_dir: Path) -> None:
    """Remove temporary files of processes that were killed; running processes keep theirs."""
    for folder, folders, names in os.walk(results_dir):
        folders[:] = [name for name in folders if not name.startswith(".")]
        sweep_folders(Path(folder, name) for name in names if is_temporary(name))


def _log_started(plan: Plan, log: Log, daemon: Daemon) -> None:
    watch = plan.watch
    where = "rewritten in place" if plan.outbox is None else f"published to {plan.outbox}"
    daemon.finder.check(time.monotonic())
    settings = plan.resolve(plan.inbox / "any.png").settings
    text = (
        f"watching {plan.inbox} by {daemon.finder.watcher.kind}; files are {where}, {settings!r}, "
        f"settle {watch.settle:g} s, rescan {watch.rescan:g} s, originals {watch.originals}"
    )
    log.write(
        "started",
        text,
        inbox=str(plan.inbox),
        outbox=str(plan.results_dir),
        observer=daemon.finder.watcher.kind,
        originals=watch.originals,
        settle=watch.settle,
        rescan=watch.rescan,
    )


def _sleep(mailbox: Mailbox, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not mailbox.stop_requests and (left := end - time.monotonic()) > 0:
        mailbox.wakeup.poll(left)
        mailbox.take()


def _describe_error(error: Exception, plan: Plan) -> str:
    if isinstance(error, sqlite3.Error):
        return describe_ledger_error(error, plan.state_dir)
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, OSError):
        return f"{error.filename or plan.results_dir}: {error.strerror or error}"
    return str(error)
