"""Renaming within a folder, with what POSIX does not know: never over another file, and by exchange.

Both need a call of the system that Python does not have (``renameat2`` on Linux, ``renameatx_np`` on macOS),
and a file system that knows it. Without these there is a next best.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from functools import cache

from kquant_hooks.disk.folder import Folder

# In <linux/fs.h> and in <sys/stdio.h> of macOS.
_NO_REPLACE, _EXCHANGE = (4, 2) if sys.platform == "darwin" else (1, 2)
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
# On Windows a scanner or an editor may hold a file for a moment.
_SHARING_RETRIES = 5
_SHARING_PAUSE = 0.1


def rename(folder: Folder, old: str, new: str) -> None:
    """Give a file another name, over whatever file has that name."""
    _patiently(
        lambda: os.replace(*_ways(folder, old, new), src_dir_fd=folder.handle, dst_dir_fd=folder.handle)
    )


def rename_exclusive(folder: Folder, old: str, new: str) -> None:
    """Give a file another name; FileExistsError if that is taken."""
    if sys.platform == "win32":
        # There, that is what renaming is.
        _patiently(lambda: os.rename(*_ways(folder, old, new)))
        return
    if _renamed(folder, old, new, _NO_REPLACE):
        return
    try:
        os.link(old, new, src_dir_fd=folder.handle, dst_dir_fd=folder.handle, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # No file system of the two kinds, such as FAT on an old kernel.
        if folder.stat_or_none(new) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
        rename(folder, old, new)
    else:
        folder.unlink(old)


def exchange(folder: Folder, old: str, new: str) -> bool:
    """Let two files trade their names, in one step; False where the system or the file system cannot."""
    return _renamed(folder, old, new, _EXCHANGE)


def _renamed(folder: Folder, old: str, new: str, flag: int) -> bool:
    """Rename with a flag; False where that is not known."""
    call = _call()
    if call is None or folder.handle is None:
        return False
    number = call(folder.handle, os.fsencode(old), folder.handle, os.fsencode(new), flag)
    if number in _UNKNOWN:
        return False
    if number:
        raise OSError(number, os.strerror(number), new)
    return True


@cache
def _call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """The system's call, as a function that returns an error number."""
    # It is needed for writing alone.
    import ctypes

    name = "renameatx_np" if sys.platform == "darwin" else "renameat2"
    try:
        found = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]

    def call(old_folder: int, old: bytes, new_folder: int, new: bytes, flag: int) -> int:
        return ctypes.get_errno() if found(old_folder, old, new_folder, new, flag) else 0

    return call


def _ways(folder: Folder, old: str, new: str) -> tuple[str, str]:
    return folder.way_to(old), folder.way_to(new)


def _patiently(action: Callable[[], None]) -> None:
    for attempt in range(_SHARING_RETRIES):
        try:
            action()
        except PermissionError:
            if os.name != "nt" or attempt == _SHARING_RETRIES - 1:
                raise
            time.sleep(_SHARING_PAUSE)
        else:
            return
