"""Temporary files, locked by whoever writes them, so that no other process takes a live one for left over.

A lock goes with the process that holds it, whatever ends it, and is known in all containers and, on most
network file systems, on all machines. A process's number is neither.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from kquant_hooks.disk.folder import Folder

if sys.platform != "win32":
    import fcntl

PREFIX = ".kquant-"


@dataclass(slots=True, eq=False)
class Temporary:
    """A file that is being written.

    Attributes
    ----------
    folder : Folder
    name : str
    handle : int
        To write through; -1 once it is closed.
    """

    folder: Folder
    name: str
    handle: int

    def is_in_place(self) -> bool:
        """Whether its name still is this file's, and no link or other file of somebody who may write here."""
        found = self.folder.stat_or_none(self.name)
        return found is not None and os.path.samestat(found, os.fstat(self.handle))

    def close(self) -> None:
        """Give the handle and the lock back."""
        if self.handle >= 0:
            handle, self.handle = self.handle, -1
            os.close(handle)


@contextmanager
def temporary_in(folder: Folder, mode: int, *, ending: str = "") -> Iterator[Temporary]:
    """A new, locked file; it is removed unless it has got another name by then.

    Parameters
    ----------
    folder : Folder
    mode : int
        As for ``os.open``: the system takes its umask from it, or applies the folder's default ACL.
    ending : str
        What its name ends in.
    """
    temporary = _created(folder, mode, ending)
    try:
        yield temporary
    finally:
        # If the name is another file's by now, that one is not ours to remove.
        with suppress(OSError):
            if temporary.handle < 0 or temporary.is_in_place():
                folder.unlink(temporary.name)
        temporary.close()


def sweep(folder: Folder) -> None:
    """Remove what processes that were killed while they wrote into a folder have left there."""
    try:
        names = folder.names()
    except OSError:
        # Not ours to list.
        return
    for name in names:
        if name.startswith(PREFIX):
            # Not ours to remove, or somebody else has just done it.
            with suppress(OSError):
                _remove_unless_held(folder, name)


def _created(folder: Folder, mode: int, ending: str) -> Temporary:
    while True:
        name = f"{PREFIX}{os.urandom(8).hex()}{ending}"
        try:
            handle = folder.create(name, mode)
        except FileExistsError:
            continue
        temporary = Temporary(folder, name, handle)
        _lock(handle, wait=True)
        # Between creating and locking, somebody who swept may have taken it for left over.
        if temporary.is_in_place():
            return temporary
        temporary.close()


def _remove_unless_held(folder: Folder, name: str) -> None:
    if sys.platform == "win32":
        # An open file cannot be removed there.
        folder.unlink(name)
        return
    handle = folder.open(name, os.O_RDWR)
    try:
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode) and _lock(handle, wait=False):
            folder.unlink(name)
    finally:
        os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Whether the lock could be had; on file systems without locks it never can."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            return False
    return True
