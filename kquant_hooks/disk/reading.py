"""Regular files of a limited size, and nothing else: no pipe that blocks, no device without an end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from kquant_hooks.disk.folder import open_folder, resolved


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
    with open_folder(real.parent) as folder:
        # Asked first: merely opening a device can do something.
        _check(folder.stat(real.name), path)
        with os.fdopen(folder.open(real.name), "rb") as file:
            _check(os.fstat(file.fileno()), path)
            return file.read(most + 1)


def _check(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "Is a directory" if stat.S_ISDIR(found.st_mode) else "Not a regular file"
        raise OSError(errno.EINVAL, kind, str(path))
