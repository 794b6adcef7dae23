"""Where the result of a file goes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from itertools import count

from kquant_hooks.options.watch import Collision
from kquant_hooks.watch.entry import Result


def target_for(
    wanted: str,
    source: str,
    collision: Collision,
    found: Callable[[str], os.stat_result | None],
    known: Callable[[str], Result | None],
) -> str | None:
    """The path of a result below the folder of results; None where it is taken and no other is to be had.

    Parameters
    ----------
    wanted : str
        The path that it has unless that is taken.
    source : str
        The file that it is made of.
    collision : {"suffix", "overwrite", "skip"}
        What is done where it is taken: by the result of another file, be it gone, or by something that the
        ledger does not know of. A result that somebody has changed is never overwritten.
    found : callable
        What the system says of a path there; None where nothing is.
    known : callable
        What the ledger knows of a result.
    """

    def is_free(target: str) -> bool:
        there, result = found(target), known(target)
        owner = None if result is None else result.source
        return owner in (source, None) if there is None else owner == source and stat.S_ISREG(there.st_mode)

    if is_free(wanted):
        return wanted
    there, result = found(wanted), known(wanted)
    is_kept = result is not None and result.is_kept
    if collision == "overwrite" and there is not None and stat.S_ISREG(there.st_mode) and not is_kept:
        return wanted
    if collision == "skip":
        return None
    return next(filter(is_free, numbered(wanted)))


def numbered(path: str) -> Iterator[str]:
    """The path, and then ``a-1.png``, ``a-2.png`` and so on."""
    stem, ending = os.path.splitext(path)
    yield path
    for number in count(1):
        yield f"{stem}-{number}{ending}"
