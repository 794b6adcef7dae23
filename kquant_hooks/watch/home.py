"""The folder of results: opened when its ledger is, and the same one as long as that is."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kquant_hooks.disk.folder import Folder, Identity, open_folder
from kquant_hooks.disk.mounts import Mounts
from kquant_hooks.watch.folder import EXHAUSTED, found_in, is_missing
from kquant_hooks.watch.plan import STATE_FOLDER


class HomeGoneError(Exception):
    """The folder of results is gone, and the ledger with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which folder results go to, for processes that have to open it themselves.

    Attributes
    ----------
    path : Path
    folder : tuple of int
        Its device and inode.
    state : tuple of int
        Those of the folder in it that has the ledger.
    """

    path: Path
    folder: Identity
    state: Identity


def open_place(place: Place) -> Folder:
    """Open the folder of results; OSError, ``ESTALE``, if it is another one now, or has another ledger."""
    folder = open_folder(place.path, identity=place.folder)
    try:
        if _state_in(folder) == place.state:
            return folder
        raise OSError(errno.ESTALE, f"{place.path} has another ledger now")
    except BaseException:
        folder.close()
        raise


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of results, open.

    Attributes
    ----------
    folder : Folder
    place : Place
    mounts : Mounts
        Below it, and below the watched folder.
    """

    folder: Folder
    place: Place
    mounts: Mounts

    def check(self, target: str = "") -> None:
        """See that what is written to a path in it is seen there later.

        Raises
        ------
        HomeGoneError
            If its own path leads elsewhere, as where a share was unmounted.
        OSError
            ``ESTALE`` if something in it was unmounted.
        """
        try:
            open_place(self.place).close()
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            raise HomeGoneError(f"{self.place.path} is gone, or the ledger in it") from error
        if place := self.mounts.missing(self.place.path / target):
            raise OSError(
                errno.ESTALE, f"{place} is not mounted any more; to go on without it, restart kquant watch"
            )

    def found(self, target: str) -> os.stat_result | None:
        """What the system says of a path in it; None where nothing is, or the way leads over a link."""
        return found_in(self.folder, target)

    def is_missing(self, target: str) -> bool:
        """Whether nothing is at a path in it, although all is mounted."""
        return is_missing(self.folder, target) and not self.mounts.missing(self.place.path / target)


@contextmanager
def open_home(path: Path, mounts: Mounts) -> Iterator[Home]:
    """Open a folder of results; OSError if it, or the folder of its ledger, is not there or a link."""
    with open_folder(path) as folder:
        yield Home(folder, Place(path, folder.identity, _state_in(folder)), mounts)


def _state_in(folder: Folder) -> Identity:
    with folder.descend(STATE_FOLDER) as state:
        return state.identity
