"""Replace a file's bytes, or leave it as it was."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.attributes import keep_attributes
from kquant_hooks.disk.folder import Folder, open_folder, resolved
from kquant_hooks.disk.rename import exchange, rename, rename_exclusive
from kquant_hooks.disk.temporary import Temporary, temporary_in

if sys.platform == "darwin":
    import fcntl

# For nobody else until it has the permissions of the file that it replaces.
_PRIVATE = 0o600
# As every program asks for; the system takes its umask from it, or applies the folder's default ACL.
_USUAL = 0o666
_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# What tells one version of a file from another. A rename changes the time of the last change of status.
_VERSION = ("st_dev", "st_ino", "st_size", "st_mtime_ns")


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file, whatever file has the name now, whole or not at all; a link is followed.

    Raises
    ------
    OSError
        As ``replace_file`` does.
    """
    real = resolved(path)
    with open_folder(real.parent) as folder:
        replace_file(folder, real.name, data)


def replace_file(
    folder: Folder,
    name: str,
    data: bytes,
    *,
    expected: os.stat_result | None = None,
    exclusive: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Write a file so that its name never is that of a part of it, whatever fails and whenever.

    The bytes are on the disk before they get the name, and so is the name on return. A file that is replaced
    leaves its mode and, where the system allows it, its owner and extended attributes to the new one; see
    ``keep_attributes``.

    Parameters
    ----------
    folder : Folder
    name : str
    data : bytes
    expected : os.stat_result, optional
        What the file was when it was read; it is not replaced if it is another one now. Where the system can
        exchange two files, that holds to the last moment; elsewhere, up to the moment before the renaming.
        A program that has the old file open and goes on writing to it is not seen.
    exclusive : bool
        Whether there must be no file of that name.
    ready : callable
        Called just before the renaming; what it raises prevents it.

    Raises
    ------
    FileExistsError
        If ``exclusive`` and there is one.
    OSError
        If the folder or the file cannot be written, if the name is a link's, a folder's, a pipe's or a
        device's, or if the file changed; nothing is left behind.
    """
    before = folder.stat_or_none(name)
    if exclusive and before is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    if expected is not None and (before is None or not _is_same(expected, before)):
        raise _changed()
    check_replaceable(folder, name, before)
    with temporary_in(folder, _USUAL if before is None else _PRIVATE) as temporary:
        _write(temporary.handle, data)
        if before is not None:
            _keep(folder, name, before, temporary.handle)
        _sync(temporary.handle)
        ready()
        if not temporary.is_in_place():
            raise OSError(errno.EAGAIN, "its temporary file was taken away; run again")
        if sys.platform == "win32":
            # There, an open file cannot be renamed.
            temporary.close()
        _publish(folder, temporary, name, expected, exclusive=exclusive)
    folder.sync()


def check_replaceable(folder: Folder, name: str, found: os.stat_result | None) -> None:
    """Find out whether a file could be written, without trying; raises OSError.

    Parameters
    ----------
    folder : Folder
    name : str
    found : os.stat_result, optional
        Of the file, or of the link itself; None: there is none.
    """
    here = os.curdir if folder.handle is not None else str(folder.path)
    if not os.access(here, os.W_OK | os.X_OK, dir_fd=folder.handle):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if found is None:
        return
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "Is a directory" if stat.S_ISDIR(found.st_mode) else "Not a regular file")
    # An administrator may write to what is read-only, but that is what somebody made it.
    writable = bool(found.st_mode & _ANY_WRITE)
    if not (writable and os.access(folder.way_to(name), os.W_OK, dir_fd=folder.handle)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if not _may_rename_over(folder, found):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def _may_rename_over(folder: Folder, found: os.stat_result) -> bool:
    """Whether a sticky folder, such as /tmp, lets this user replace a file."""
    if sys.platform == "win32" or folder.handle is None:
        return True
    own = os.fstat(folder.handle)
    return not own.st_mode & stat.S_ISVTX or os.geteuid() in (0, found.st_uid, own.st_uid)


def _write(handle: int, data: bytes) -> None:
    with open(handle, "wb", closefd=False) as file:
        file.write(data)


def _keep(folder: Folder, name: str, before: os.stat_result, new: int) -> None:
    handle = folder.open(name)
    try:
        if not os.path.samestat(before, os.fstat(handle)):
            raise _changed()
        keep_attributes(handle, new)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    """Have a file's bytes on the disk, and not only in its cache."""
    if sys.platform == "darwin":
        with suppress(OSError):
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def _publish(
    folder: Folder, temporary: Temporary, name: str, expected: os.stat_result | None, *, exclusive: bool
) -> None:
    """Give the temporary file its name."""
    if exclusive:
        rename_exclusive(folder, temporary.name, name)
        return
    if expected is not None:
        found = folder.stat_or_none(name)
        if found is None or not _is_same(expected, found):
            raise _changed()
        if exchange(folder, temporary.name, name):
            _check_exchanged(folder, temporary, name, expected)
            return
    rename(folder, temporary.name, name)


def _check_exchanged(folder: Folder, temporary: Temporary, name: str, expected: os.stat_result) -> None:
    """Remove the old version, or give another writer's newer one its name back."""
    old = folder.stat_or_none(temporary.name)
    if old is not None and not _is_same(expected, old):
        exchange(folder, temporary.name, name)
        if not temporary.is_in_place():
            # What had the name by then is newer still.
            exchange(folder, temporary.name, name)
        raise _changed()
    with suppress(FileNotFoundError):
        folder.unlink(temporary.name)


def _is_same(expected: os.stat_result, found: os.stat_result) -> bool:
    return all(getattr(expected, name) == getattr(found, name) for name in _VERSION)


def _changed() -> OSError:
    return OSError(errno.EAGAIN, "it changed while it was worked on; run again")
