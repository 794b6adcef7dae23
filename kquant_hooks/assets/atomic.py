"""Replace a file's bytes, or leave it as it was."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

_PREFIX = ".kquant-"


def replace_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that it never holds a part of it, whatever fails and whenever.

    An existing file keeps its mode; a new one gets the usual one. A link is followed.

    Raises
    ------
    OSError
        If the folder or the file cannot be written, or if ``path`` is a folder, a pipe or a device; nothing
        is left behind.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Is a directory" if path.is_dir() else "Not a regular file")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    # It can only be read by setting it.
    current = os.umask(0o077)
    os.umask(current)
    return current
