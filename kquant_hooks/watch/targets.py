"""Where the result of a file goes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from itertools import count

from kquant_hooks.options.watch import Collision
from kquant_hooks.watch.entry import UNKNOWN_DIGEST, Result


def target_for(
    wanted: str,
    source: str,
    collision: Collision,
    stat_or_none: Callable[[str], os.stat_result | None],
    known: Callable[[str], Result | None],
) -> str | None:
    """The path of a result, relative to the folder of results; None if it is taken and has no alternative.

    Parameters
    ----------
    wanted : str
        The path that it gets unless that is taken.
    source : str
        The file that it is made from.
    collision : {"suffix", "overwrite", "skip"}
        What to do if the path is taken by a file that the ledger does not know, or by the result of another
        file, even if that file is gone. A result that a user has changed is never overwritten.
    stat_or_none : callable
        Returns the status of a path there; None if it does not exist.
    known : callable
        Returns what the ledger knows about a result.
    """

    def is_free(target: str) -> bool:
        there, result = stat_or_none(target), known(target)
        owner = None if result is None else result.source
        return owner in (source, None) if there is None else owner == source and stat.S_ISREG(there.st_mode)

    if is_free(wanted):
        return wanted
    there, result = stat_or_none(wanted), known(wanted)
    is_modified = result is not None and result.is_modified
    if collision == "overwrite" and there is not None and stat.S_ISREG(there.st_mode) and not is_modified:
        return wanted
    if collision == "skip":
        return None
    return next(filter(is_free, numbered(wanted)))


def replaceable(source: str, collision: Collision, result: Result | None) -> str | None:
    """Digest of the file that may be replaced at the target of a source; see ``Job.replaces``."""
    overwrites = collision == "overwrite"
    if result is not None and result.digest == UNKNOWN_DIGEST:
        # A user may have changed it.
        return ""
    digest = result.digest if result is not None and (overwrites or result.source == source) else ""
    return digest or (None if overwrites else "")


def numbered(path: str) -> Iterator[str]:
    """The path, and then ``a-1.png``, ``a-2.png`` and so on."""
    stem, extension = os.path.splitext(path)
    yield path
    for number in count(1):
        yield f"{stem}-{number}{extension}"
