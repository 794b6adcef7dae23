"""Copies owner, permissions and extended attributes of a file to the file that replaces it.

All of this uses handles. An attribute that cannot be copied is left out, unless that would give a user more
rights.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

# Access control lists, which are part of the permissions.
_ACL_NAMES = {"system.posix_acl_access", "system.nfs4_acl", "system.richacl"}
# The system's checksums of the old content.
_CHECKSUM_NAMES = {"security.ima", "security.evm"}
_SET_ID_BITS = stat.S_ISUID | stat.S_ISGID
# From <copyfile.h> on macOS.
_COPYFILE_ACL, _COPYFILE_XATTR = 1, 4


def keep_attributes(old: int, new: int) -> None:
    """Copy the attributes of an old file to a new one.

    Parameters
    ----------
    old, new : int
        Handles. No other user may open the new file yet.

    Raises
    ------
    PermissionError
        If a user would have more rights to the new file than to the old one.
    """
    if sys.platform == "win32":
        return
    before = os.fstat(old)
    owner_kept, group_kept = _keep_owner(before, new)
    _keep_extended(old, new)
    mode = stat.S_IMODE(before.st_mode)
    if not (owner_kept and group_kept):
        mode &= ~_SET_ID_BITS
    if not group_kept:
        # The new file has another group, which gets the rights of all other users.
        mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    # Some file systems have one mode for all files, so the old file has the same mode.
    with suppress(OSError):
        os.fchmod(new, mode)
    if stat.S_IMODE(os.fstat(new).st_mode) & ~mode:
        raise PermissionError(1, "its permissions cannot be kept, so other users would gain rights")


def _keep_owner(before: os.stat_result, new: int) -> tuple[bool, bool]:
    """Copy owner and group, as far as the system allows; returns whether each of them is kept."""
    if sys.platform == "win32":
        return True, True
    for owner, group in ((before.st_uid, before.st_gid), (-1, before.st_gid)):
        found = os.fstat(new)
        if (found.st_uid, found.st_gid) == (before.st_uid, before.st_gid):
            break
        # This user may not change it, or it is unknown in this user namespace.
        with suppress(OSError):
            os.fchown(new, owner, group)
    found = os.fstat(new)
    return found.st_uid == before.st_uid, found.st_gid == before.st_gid


def _keep_extended(old: int, new: int) -> None:
    if sys.platform == "darwin":
        _copy_on_macos(old, new)
    elif sys.platform == "linux":
        names = _names(old)
        for name in _names(new):
            # It was inherited from the folder and gives rights that the old file does not.
            if name in _ACL_NAMES and name not in names:
                os.removexattr(new, name)
        for name in names:
            try:
                if name not in _CHECKSUM_NAMES:
                    os.setxattr(new, name, os.getxattr(old, name))
            except OSError as error:
                # Only the system may set some of them, and some file systems have none.
                if name in _ACL_NAMES:
                    raise PermissionError(1, "its access control list cannot be kept") from error


def _names(handle: int) -> list[str]:
    if sys.platform == "linux":
        with suppress(OSError):
            return os.listxattr(handle)
    return []


def _copy_on_macos(old: int, new: int) -> None:
    import ctypes

    copy = ctypes.CDLL(None, use_errno=True).fcopyfile
    copy.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32]
    copy(old, new, None, _COPYFILE_XATTR)
    if copy(old, new, None, _COPYFILE_ACL):
        raise PermissionError(1, "its access control list cannot be kept")
