"""Renames within a folder, with two operations that POSIX lacks: never over another file, and by exchange.

Both need a system call that Python does not offer (``renameat2`` on Linux, ``renameatx_np`` on macOS) and a
file system that supports it. Without them, there are fallbacks.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from functools import cache

from kquant_hooks.disk.folder import Folder

# From <linux/fs.h>, and from <sys/stdio.h> of macOS.
_NO_REPLACE_FLAG, _EXCHANGE_FLAG = (4, 2) if sys.platform == "darwin" else (1, 2)
_UNSUPPORTED_ERRORS = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
# On Windows, a virus scanner or an editor may block a file for a moment.
_SHARING_ATTEMPTS = 5
_SHARING_SECONDS = 0.1


def rename(folder: Folder, old: str, new: str) -> None:
    """Rename a file, replacing any file of the new name."""
    _retry_while_blocked(
        lambda: os.replace(*_paths(folder, old, new), src_dir_fd=folder.handle, dst_dir_fd=folder.handle)
    )


def rename_exclusive(folder: Folder, old: str, new: str) -> None:
    """Rename a file; FileExistsError if the new name is taken."""
    if sys.platform == "win32":
        # On Windows, renaming never replaces a file.
        _retry_while_blocked(lambda: os.rename(*_paths(folder, old, new)))
        return
    if _try_rename(folder, old, new, _NO_REPLACE_FLAG):
        return
    try:
        os.link(old, new, src_dir_fd=folder.handle, dst_dir_fd=folder.handle, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # The file system supports neither, such as FAT on an old kernel.
        if folder.stat_or_none(new) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
        rename(folder, old, new)
    else:
        folder.unlink(old)


def exchange(folder: Folder, old: str, new: str) -> bool:
    """Exchange the names of two files in one step; False if the system or the file system cannot."""
    return _try_rename(folder, old, new, _EXCHANGE_FLAG)


def _try_rename(folder: Folder, old: str, new: str, flag: int) -> bool:
    """Rename with a flag; False if that is not supported."""
    call = _system_call()
    if call is None or folder.handle is None:
        return False
    number = call(folder.handle, os.fsencode(old), folder.handle, os.fsencode(new), flag)
    if number in _UNSUPPORTED_ERRORS:
        return False
    if number:
        raise OSError(number, os.strerror(number), new)
    return True


@cache
def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """The system call, as a function that returns an error number."""
    # Loaded only for writing.
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


def _paths(folder: Folder, old: str, new: str) -> tuple[str, str]:
    return folder.path_for_dir_fd(old), folder.path_for_dir_fd(new)


def _retry_while_blocked(action: Callable[[], None]) -> None:
    for attempt in range(_SHARING_ATTEMPTS):
        try:
            action()
        except PermissionError:
            if os.name != "nt" or attempt == _SHARING_ATTEMPTS - 1:
                raise
            time.sleep(_SHARING_SECONDS)
        else:
            return
