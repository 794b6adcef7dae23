"""Replaces a file's bytes completely, or leaves the file as it was."""

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

# No other user may open the new file until it has the permissions of the file that it replaces.
_PRIVATE_MODE = 0o600
# The usual request: the system subtracts the umask, or applies the folder's default ACL.
_DEFAULT_MODE = 0o666
_ANY_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
# What identifies a version of a file. The ctime is not part of it, because a rename changes it.
_VERSION_FIELDS = ("st_dev", "st_ino", "st_size", "st_mtime_ns")


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, replacing any file of the path; links are followed.

    Raises
    ------
    OSError
        See ``replace_file``.
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
    before_rename: Callable[[], None] = lambda: None,
) -> None:
    """Write a file so that its name always refers to a complete file, whatever fails and whenever.

    The bytes are on the disk before they get the name, and the name is on the disk on return. The new file
    keeps the mode of the file that it replaces and, if the system allows it, the owner and the extended
    attributes; see ``keep_attributes``.

    Parameters
    ----------
    folder : Folder
    name : str
    data : bytes
    expected : os.stat_result, optional
        The status of the file when it was read; if the file has changed since, it is not replaced. If the
        system can exchange two files, this is checked in the same step as the rename; otherwise, just before
        it. A program that has the old file open and keeps writing to it is not noticed.
    exclusive : bool
        Whether the name must be free.
    before_rename : callable
        Called just before the rename; an exception prevents it.

    Raises
    ------
    FileExistsError
        If ``exclusive`` is set and the name is taken.
    OSError
        If the folder or the file is not writable, if the name is that of a link, a folder, a pipe or a
        device, or if the file has changed. No temporary file is left.
    """
    before = folder.stat_or_none(name)
    if exclusive and before is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    if expected is not None and (before is None or not _is_same(expected, before)):
        raise _changed()
    check_replaceable(folder, name, before)
    with temporary_in(folder, _DEFAULT_MODE if before is None else _PRIVATE_MODE) as temporary:
        _write(temporary.handle, data)
        if before is not None:
            _keep_attributes(folder, name, before, temporary.handle)
        _sync(temporary.handle)
        before_rename()
        if not temporary.is_in_place():
            raise OSError(errno.EAGAIN, "its temporary file was removed; run again")
        if sys.platform == "win32":
            # Windows does not rename open files.
            temporary.close()
        _publish(folder, temporary, name, expected, exclusive=exclusive)
    folder.sync()


def check_replaceable(folder: Folder, name: str, found: os.stat_result | None) -> None:
    """Check that a file could be replaced, without trying; raises OSError if not.

    Parameters
    ----------
    folder : Folder
    name : str
    found : os.stat_result, optional
        The status of the file, or of the link itself; None if neither exists.
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
    # An administrator could write to a read-only file, but its owner has made it read-only on purpose.
    writable = bool(found.st_mode & _ANY_WRITE_BITS)
    if not (writable and os.access(folder.path_for_dir_fd(name), os.W_OK, dir_fd=folder.handle)):
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


def _keep_attributes(folder: Folder, name: str, before: os.stat_result, new: int) -> None:
    handle = folder.open(name)
    try:
        if not os.path.samestat(before, os.fstat(handle)):
            raise _changed()
        keep_attributes(handle, new)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    """Write a file's bytes to the disk, and not only to its cache."""
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
    """Remove the old version; if another program has written a newer one, give that its name back."""
    old = folder.stat_or_none(temporary.name)
    if old is not None and not _is_same(expected, old):
        exchange(folder, temporary.name, name)
        if not temporary.is_in_place():
            # The file that had the name by then is even newer.
            exchange(folder, temporary.name, name)
        raise _changed()
    with suppress(FileNotFoundError):
        folder.unlink(temporary.name)


def _is_same(expected: os.stat_result, found: os.stat_result) -> bool:
    return all(getattr(expected, name) == getattr(found, name) for name in _VERSION_FIELDS)


def _changed() -> OSError:
    return OSError(errno.EAGAIN, "it changed while it was being processed; run again")
