"""Replace a file's bytes, or leave it as it was."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from pathlib import Path

PREFIX = ".kquant-"

# On Windows a scanner or an editor may hold a file for a moment.
_SHARING_RETRIES = 5
_SHARING_PAUSE = 0.1


def replace_bytes(path: Path, data: bytes, expected: os.stat_result | None = None) -> None:
    """Write ``data`` to ``path`` so that it never holds a part of it, whatever fails and whenever.

    The bytes are on the disk before they get the name, and so is the name on return. An existing file keeps
    its mode and, where the system allows it, its owner and extended attributes; a new one gets the usual
    ones. A link is followed.

    Parameters
    ----------
    path : Path
    data : bytes
    expected : os.stat_result, optional
        What the file was when it was read; it is not replaced if it is another one now.

    Raises
    ------
    OSError
        If the folder or the file cannot be written, if ``path`` is a folder, a pipe or a device, or if it
        changed; nothing is left behind.
    """
    try:
        path = path.resolve()
    except RuntimeError as error:
        # As Python before 3.13 calls it.
        raise OSError(errno.ELOOP, "Too many levels of symbolic links") from error
    before = path.stat() if path.exists() else None
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(errno.EINVAL, "Is a directory" if path.is_dir() else "Not a regular file")
    if before is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "Permission denied")
    handle, name = tempfile.mkstemp(prefix=f"{PREFIX}{os.getpid()}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before is None:
            temporary.chmod(0o666 & ~_umask())
        else:
            _copy_owner(before, temporary)
            _copy_attributes(path, temporary)
            temporary.chmod(stat.S_IMODE(before.st_mode))
        if expected is not None and not _is_same(expected, path):
            raise OSError(errno.EAGAIN, "it changed while it was worked on; run again")
        _rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def sweep(folder: Path, process: int) -> None:
    """Remove what a process that was killed while it wrote into a folder has left there."""
    for leftover in folder.glob(f"{PREFIX}{process}-*"):
        leftover.unlink(missing_ok=True)


def _is_same(expected: os.stat_result, path: Path) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    names = ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    return all(getattr(expected, name) == getattr(now, name) for name in names)


def _rename(temporary: Path, path: Path) -> None:
    for attempt in range(_SHARING_RETRIES):
        try:
            temporary.replace(path)
        except PermissionError:
            if os.name != "nt" or attempt == _SHARING_RETRIES - 1:
                raise
            time.sleep(_SHARING_PAUSE)
        else:
            return


def _copy_owner(before: os.stat_result, temporary: Path) -> None:
    if hasattr(os, "chown"):
        try:
            os.chown(temporary, before.st_uid, before.st_gid)
        except PermissionError:
            # Not ours to give away: then the file belongs to whoever rewrote it.
            return


def _copy_attributes(path: Path, temporary: Path) -> None:
    """Extended attributes, where the system has them and lets them be written."""
    if not hasattr(os, "listxattr"):
        return
    try:
        for name in os.listxattr(path):
            os.setxattr(temporary, name, os.getxattr(path, name))
    except OSError:
        # Some are the system's own, and some file systems have none.
        return


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and some network file systems cannot sync one.
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)


def _umask() -> int:
    # It can only be read by setting it.
    current = os.umask(0o077)
    os.umask(current)
    return current
