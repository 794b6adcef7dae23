"""The folder of results: opened together with its ledger, and the same folder as long as that is open."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kquant_hooks.disk.folder import Folder, Identity, open_folder
from kquant_hooks.disk.mounts import Mounts
from kquant_hooks.watch.folder import EXHAUSTED, is_missing, stat_in
from kquant_hooks.watch.plan import STATE_FOLDER


class ResultsGoneError(Exception):
    """The folder of results is gone, and the ledger with it."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the folder of results is, for processes that open it themselves.

    Attributes
    ----------
    path : Path
    folder : tuple of int
        Its device and inode.
    state : tuple of int
        Those of the state folder in it, which contains the ledger.
    """

    path: Path
    folder: Identity
    state: Identity


def open_location(location: Location) -> Folder:
    """Open the folder of results; OSError, ``ESTALE``, if it is another folder or has another ledger now."""
    folder = open_folder(location.path, identity=location.folder)
    try:
        if _state_in(folder) == location.state:
            return folder
        raise OSError(errno.ESTALE, f"{location.path} has a different ledger now")
    except BaseException:
        folder.close()
        raise


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """The folder of results, open.

    Attributes
    ----------
    folder : Folder
    location : Location
    mounts : Mounts
        Below it, and below the watched folder.
    """

    folder: Folder
    location: Location
    mounts: Mounts

    def check(self, target: str = "") -> None:
        """Check that a file written to ``target`` will be found there later.

        Raises
        ------
        ResultsGoneError
            If the folder's path leads elsewhere, for example because a share was unmounted.
        OSError
            ``ESTALE`` if a share was unmounted inside the folder.
        """
        try:
            open_location(self.location).close()
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            raise ResultsGoneError(f"{self.location.path} or its ledger is gone") from error
        if place := self.mounts.missing(self.location.path / target):
            raise OSError(
                errno.ESTALE, f"{place} is no longer mounted; to continue without it, restart kquant watch"
            )

    def stat_or_none(self, target: str) -> os.stat_result | None:
        """The status of a path in the folder; None if it does not exist or passes through a link."""
        return stat_in(self.folder, target)

    def is_missing(self, target: str) -> bool:
        """Whether a path in the folder does not exist although everything is mounted."""
        return is_missing(self.folder, target) and not self.is_unmounted(target)

    def is_unmounted(self, target: str) -> bool:
        """Whether a share that contains a path in the folder is no longer mounted."""
        return self.mounts.missing(self.location.path / target) is not None


@contextmanager
def open_results(path: Path, mounts: Mounts) -> Iterator[ResultsFolder]:
    """Open a folder of results; OSError if it or its state folder is missing or is a link."""
    with open_folder(path) as folder:
        yield ResultsFolder(folder, Location(path, folder.identity, _state_in(folder)), mounts)


def _state_in(folder: Folder) -> Identity:
    with folder.descend(STATE_FOLDER) as state:
        return state.identity
