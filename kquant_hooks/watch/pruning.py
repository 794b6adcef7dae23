"""What the ledger need not know any more: files that are gone, and results that were taken away."""

from __future__ import annotations

from collections.abc import Iterable

from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.watch.entry import Entry
from kquant_hooks.watch.folder import is_missing
from kquant_hooks.watch.home import Home
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.reasons import remove_reason


def part_with(plan: Plan, ledger: Ledger, home: Home, root: Folder, entries: Iterable[Entry]) -> None:
    """See that what comes under the names of files that are gone is taken for other files.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    home : Home
    root : Folder
        The watched folder, open.
    entries : iterable of Entry
        Of files that may be gone from it.
    """
    missing = [entry for entry in entries if is_missing(root, entry.source)]
    gone = [entry for entry in missing if not home.mounts.missing(plan.inbox / entry.source)]
    if plan.outbox is not None:
        for entry in gone:
            remove_reason(home.folder, entry.source)
    ledger.release(entry.source for entry in gone)
    # What has a result is known on.
    forgotten = [entry for entry in gone if not entry.target or home.is_missing(entry.target)]
    ledger.forget(entry.source for entry in forgotten)


def is_known_folder(ledger: Ledger, folder: Identity, used: Identity | None) -> bool:
    """Whether the watched folder is the one that the ledger is about, and not a mount point of it.

    Parameters
    ----------
    ledger : Ledger
    folder : tuple of int
        Device and inode of the watched folder.
    used : tuple of int, optional
        Those of a folder that files were taken from lately.
    """
    # Devices have other numbers after a restart of the system.
    known, inode = ledger.about().get("folder"), str(folder[1])
    if known not in (None, inode) and folder != used:
        return False
    if known != inode:
        ledger.note(folder=inode)
    return True
