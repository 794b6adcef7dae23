"""Removes entries from the ledger: of files that are gone, and of results that were taken away."""

from __future__ import annotations

from collections.abc import Iterable

from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.watch.entry import Entry
from kquant_hooks.watch.folder import is_missing
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.reasons import remove_reason
from kquant_hooks.watch.results import ResultsFolder


def release_gone(
    plan: Plan, ledger: Ledger, results: ResultsFolder, root: Folder, entries: Iterable[Entry]
) -> None:
    """Release the results of files that are gone: a new file of the same name is another file.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    results : ResultsFolder
    root : Folder
        The watched folder, open.
    entries : iterable of Entry
        Of files that may be gone.
    """
    missing = [entry for entry in entries if is_missing(root, entry.source)]
    gone = [entry for entry in missing if not results.mounts.missing(plan.inbox / entry.source)]
    if plan.outbox is not None:
        for entry in gone:
            remove_reason(results.folder, entry.source)
    ledger.release(entry.source for entry in gone)
    # Files that have results stay known.
    forgotten = [entry for entry in gone if not entry.target or results.is_missing(entry.target)]
    ledger.forget(entry.source for entry in forgotten)


def is_known_folder(ledger: Ledger, folder: Identity, used: Identity | None) -> bool:
    """Whether the watched folder is the one that the ledger is about, and not its empty mount point.

    Parameters
    ----------
    ledger : Ledger
    folder : tuple of int
        Device and inode of the watched folder.
    used : tuple of int, optional
        Those of the folder that files were last taken from.
    """
    # Device numbers may change when the system restarts.
    known, inode = ledger.about().get("folder"), str(folder[1])
    if known not in (None, inode) and folder != used:
        return False
    if known != inode:
        ledger.note(folder=inode)
    return True
