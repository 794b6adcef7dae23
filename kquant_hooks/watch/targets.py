"""Where the result of a file goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from kquant_hooks.config.watch import Collision


def target_for(
    wanted: str, source: str, collision: Collision, outbox: Path, owner: Callable[[str], str | None]
) -> str | None:
    """The path of a result below the folder of results; None where another file has it and none is to be had.

    Parameters
    ----------
    wanted : str
        The path that it has unless that is taken.
    source : str
        The file that it is made of.
    collision : {"suffix", "overwrite", "skip"}
        What is done where it is taken: by another file's result, or by something that the ledger does not
        know of.
    outbox : Path
    owner : callable
        The file that a result belongs to, as far as is known.
    """

    def is_free(target: str) -> bool:
        place = outbox / target
        if os.path.lexists(place) and (place.is_symlink() or not place.is_file()):
            return False
        known = owner(target)
        return known == source or (known is None and not place.exists())

    if is_free(wanted):
        return wanted
    place = outbox / wanted
    if collision == "overwrite" and place.is_file() and not place.is_symlink():
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
