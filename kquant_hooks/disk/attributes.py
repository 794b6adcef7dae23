"""Owner, permissions and extended attributes of a file, kept for the one that takes its place.

All of it goes through handles. What cannot be kept is left out, unless somebody would gain a right by that.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

# Lists of who may do what; they belong to the permissions.
_ACCESS_LISTS = {"system.posix_acl_access", "system.nfs4_acl", "system.richacl"}
# Of the old content: the system's own checksums.
_OF_CONTENT = {"security.ima", "security.evm"}
_SET_ID = stat.S_ISUID | stat.S_ISGID
# Of <copyfile.h> on macOS: ACL and extended attributes.
_COPYFILE_ACL, _COPYFILE_XATTR = 1, 4


def keep_attributes(old: int, new: int) -> None:
    """Give a new file what an old one has.

    Parameters
    ----------
    old, new : int
        Handles. The new file is still one that nobody else may open.

    Raises
    ------
    PermissionError
        If somebody would have more rights to the new file than to the old one.
    """
    if sys.platform == "win32":
        return
    before = os.fstat(old)
    owner_kept, group_kept = _keep_owner(before, new)
    _keep_extended(old, new)
    mode = stat.S_IMODE(before.st_mode)
    if not (owner_kept and group_kept):
        mode &= ~_SET_ID
    if not group_kept:
        # The new group is another one: it may do what everybody may.
        mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    # Some file systems have one mode for all their files, which then is that of the old one too.
    with suppress(OSError):
        os.fchmod(new, mode)
    if stat.S_IMODE(os.fstat(new).st_mode) & ~mode:
        raise PermissionError(1, "its permissions cannot be kept, and others would gain rights")


def _keep_owner(before: os.stat_result, new: int) -> tuple[bool, bool]:
    """Whether owner and group are those of the old file, as far as they are ours to give."""
    if sys.platform == "win32":
        return True, True
    for owner, group in ((before.st_uid, before.st_gid), (-1, before.st_gid)):
        found = os.fstat(new)
        if (found.st_uid, found.st_gid) == (before.st_uid, before.st_gid):
            break
        # Not ours to give away, or not known in this user namespace.
        with suppress(OSError):
            os.fchown(new, owner, group)
    found = os.fstat(new)
    return found.st_uid == before.st_uid, found.st_gid == before.st_gid


def _keep_extended(old: int, new: int) -> None:
    if sys.platform == "darwin":
        _copy_as_macos_does(old, new)
    elif sys.platform == "linux":
        names = _names(old)
        for name in _names(new):
            # Inherited from the folder: rights that nobody has to the old file.
            if name in _ACCESS_LISTS and name not in names:
                os.removexattr(new, name)
        for name in names:
            try:
                if name not in _OF_CONTENT:
                    os.setxattr(new, name, os.getxattr(old, name))
            except OSError as error:
                # Many are the system's own to set, and some file systems have none.
                if name in _ACCESS_LISTS:
                    raise PermissionError(1, "its access control list cannot be kept") from error


def _names(handle: int) -> list[str]:
    if sys.platform == "linux":
        with suppress(OSError):
            return os.listxattr(handle)
    return []


def _copy_as_macos_does(old: int, new: int) -> None:
    import ctypes

    copy = ctypes.CDLL(None, use_errno=True).fcopyfile
    copy.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32]
    copy(old, new, None, _COPYFILE_XATTR)
    if copy(old, new, None, _COPYFILE_ACL):
        raise PermissionError(1, "its access control list cannot be kept")
