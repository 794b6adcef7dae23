"""Regular files of a limited size, and nothing else: no pipe that blocks, no device without an end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from kquant_hooks.disk.folder import Folder, open_folder, resolved


class NotRegularError(OSError):
    """What has a name is a folder, a link, a pipe or a device."""


class OutsideError(OSError):
    """A file lies, or a link leads, out of the folder that it has to lie in."""


def read_regular(path: Path, most: int, within: Path | None = None) -> bytes:
    """The bytes of a regular file; of a longer one, ``most`` bytes and one more.

    Parameters
    ----------
    path : Path
        Links are followed.
    most : int
    within : Path, optional
        A folder that the file must lie in, wherever links lead. Of what does not, nothing is found out.

    Raises
    ------
    OutsideError
    OSError
        If it is no regular file, or whatever reading it brings about.
    """
    real = resolved(path)
    if within is not None and not real.is_relative_to(resolved(within)):
        raise OutsideError(errno.EACCES, f"it is outside of {within}", str(path))
    # No link that has come onto the way since then is followed.
    with open_folder(real.parent) as folder, open_regular(folder, real.name) as file:
        return file.read(most + 1)


def open_regular(folder: Folder, name: str) -> BufferedReader:
    """A regular file in a folder, opened to be read.

    Raises
    ------
    NotRegularError
        ``EISDIR`` for a folder, else ``EINVAL``.
    OSError
        If there is none, or whatever opening it brings about.
    """
    # Asked first: merely opening a device can do something.
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
