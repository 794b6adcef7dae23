"""Temporary files. Their writers lock them, so that no other process removes one that is in use.

The system releases a lock when its process ends, however it ends. All containers see the lock and, on most
network file systems, so do all machines. A process number in the name would give neither.
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

_PREFIX = ".kquant-"


@dataclass(slots=True, eq=False)
class Temporary:
    """A file that is being written.

    Attributes
    ----------
    folder : Folder
    name : str
    handle : int
        For writing; -1 after it has been closed.
    """

    folder: Folder
    name: str
    handle: int

    def is_in_place(self) -> bool:
        """Whether its name still belongs to this file, and not to another file or a link put in its place."""
        found = self.folder.stat_or_none(self.name)
        return found is not None and os.path.samestat(found, os.fstat(self.handle))

    def close(self) -> None:
        """Close the handle, which releases the lock."""
        if self.handle >= 0:
            handle, self.handle = self.handle, -1
            os.close(handle)


@contextmanager
def temporary_in(folder: Folder, mode: int, *, extension: str = "") -> Iterator[Temporary]:
    """Create a new, locked file; it is removed at the end unless it was renamed.

    Parameters
    ----------
    folder : Folder
    mode : int
        As for ``os.open``: the system subtracts the umask or applies the folder's default ACL.
    extension : str
        The end of its name.
    """
    temporary = _created(folder, mode, extension)
    try:
        yield temporary
    finally:
        # If the name belongs to another file by now, do not remove that file.
        with suppress(OSError):
            if temporary.handle < 0 or temporary.is_in_place():
                folder.unlink(temporary.name)
        temporary.close()


def is_temporary(name: str) -> bool:
    """Whether a name is that of a temporary file of kquant."""
    return name.startswith(_PREFIX)


def sweep(folder: Folder) -> None:
    """Remove the temporary files in a folder whose processes were killed."""
    try:
        names = folder.names()
    except OSError:
        # This user may not list it.
        return
    for name in names:
        if is_temporary(name):
            # This user may not remove it, or another process has just done so.
            with suppress(OSError):
                _remove_unless_held(folder, name)


def _created(folder: Folder, mode: int, extension: str) -> Temporary:
    while True:
        name = f"{_PREFIX}{os.urandom(8).hex()}{extension}"
        try:
            handle = folder.create(name, mode)
        except FileExistsError:
            continue
        temporary = Temporary(folder, name, handle)
        _lock(handle, wait=True)
        # Before it was locked, another process may have swept it.
        if temporary.is_in_place():
            return temporary
        temporary.close()


def _remove_unless_held(folder: Folder, name: str) -> None:
    if sys.platform == "win32":
        # Windows does not remove open files.
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
    """Lock a file; False if another process holds the lock or the file system has no locks."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            return False
    return True
