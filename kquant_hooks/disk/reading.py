"""Reads regular files of limited size, and nothing else: a pipe may block, and a device may never end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from kquant_hooks.disk.folder import Folder, open_folder, resolved


class NotRegularError(OSError):
    """The path is that of a folder, a link, a pipe or a device."""


class OutsideError(OSError):
    """The file, or the target of a link, is outside the folder that it must be in."""


def read_regular(path: Path, limit: int, within: Path | None = None) -> bytes:
    """The bytes of a regular file; of a longer one, the first ``limit + 1``.

    Parameters
    ----------
    path : Path
        Links are followed.
    limit : int
    within : Path, optional
        A folder that the file must be in, after links are resolved. A file outside is not accessed at all.

    Raises
    ------
    OutsideError
    OSError
        If it is not a regular file, or reading it fails.
    """
    real = resolved(path)
    if within is not None and not real.is_relative_to(resolved(within)):
        raise OutsideError(errno.EACCES, f"it is outside of {within}", str(path))
    # A link that was put into the path since then is not followed.
    with open_folder(real.parent) as folder, open_regular(folder, real.name) as file:
        return file.read(limit + 1)


def open_regular(folder: Folder, name: str) -> BufferedReader:
    """Open a regular file in a folder for reading.

    Raises
    ------
    NotRegularError
        ``EISDIR`` for a folder, otherwise ``EINVAL``.
    OSError
        If it does not exist, or opening it fails.
    """
    # Check before opening: merely opening a device can have effects.
    _check(folder.stat(name), name)
    handle = folder.open(name)
    try:
        _check(os.fstat(handle), name)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _check(found: os.stat_result, name: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise NotRegularError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(found.st_mode):
        raise NotRegularError(errno.EINVAL, "Not a regular file", name)
