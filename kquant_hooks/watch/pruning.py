"""What the ledger need not know any more: files that are gone, and results that were taken away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from kquant_hooks.watch.entry import Entry
from kquant_hooks.watch.folder import identity
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.reasons import remove_reason


def is_gone(plan: Plan, entry: Entry) -> bool:
    """Whether a file is not there any more."""
    return _is_missing(plan.inbox / entry.source)


def part_with(plan: Plan, ledger: Ledger, entries: Iterable[Entry]) -> None:
    """See that what comes under the names of files that are gone is taken for other files.

    What has a result is known on.
    """
    gone = list(entries)
    if plan.outbox is not None:
        for entry in gone:
            remove_reason(plan.home, entry.source)
    ledger.release(entry.source for entry in gone)
    ledger.forget(entry.source for entry in gone if not entry.target or is_taken_away(plan, entry.target))


def is_taken_away(plan: Plan, target: str) -> bool:
    """Whether a result is not there any more."""
    return _is_missing(plan.home / target)


def is_known_folder(plan: Plan, ledger: Ledger, used: tuple[int, int] | None) -> bool:
    """Whether the watched folder is the one that the ledger is about, and not a mount point of it.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    used : tuple of int, optional
        Device and inode of a folder that files were taken from lately.
    """
    folder = identity(plan.inbox)
    if folder is None:
        return False
    # Devices have other numbers after a restart of the system.
    known, inode = ledger.about().get("folder"), str(folder[1])
    if known not in (None, inode) and folder != used:
        return False
    if known != inode:
        ledger.note(folder=inode)
    return True


def _is_missing(path: Path) -> bool:
    """Whether nothing is there; a share that does not answer says nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
