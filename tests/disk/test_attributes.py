"""Which attributes a new file keeps of the one it replaces, and that no user gains a right."""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys

import pytest

from kquant_hooks.disk import attributes
from kquant_hooks.disk.atomic import replace_bytes

posix = pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="of the administrator")

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


def access_list(*, user: int, group: int, mask: int) -> bytes:
    """The rights of the owner, user 1234, the group, the mask and others."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, user, 1234), (4, group, nobody), (0x10, mask, nobody), (0x20, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.fixture
def listed(tmp_path):
    """A file with an access control list."""
    path = tmp_path / "listed"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, ACCESS, access_list(user=4, group=0, mask=4))
    except (OSError, AttributeError):
        pytest.skip("there are no access control lists here")
    return path


@linux
def test_an_access_control_list_is_kept_if_other_attributes_cannot_be(listed, monkeypatch):
    os.setxattr(listed, "user.first", b"1")
    os.setxattr(listed, "user.last", b"2")
    setting = os.setxattr

    def refusing(path, name, value):
        if name == "user.first":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        setting(path, name, value)

    monkeypatch.setattr(os, "setxattr", refusing)
    before = os.getxattr(listed, ACCESS)
    replace_bytes(listed, b"new")
    assert listed.read_bytes() == b"new"
    assert os.getxattr(listed, ACCESS) == before
    assert os.getxattr(listed, "user.last") == b"2"


@linux
def test_a_list_that_cannot_be_kept_is_a_reason_to_leave_the_file(listed, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(PermissionError, match="its access control list cannot be kept"):
        replace_bytes(listed, b"new")
    assert [path.read_bytes() for path in listed.parent.iterdir()] == [b"old"]


@linux
def test_a_list_of_the_folder_gives_nobody_rights_to_an_old_file(listed):
    folder = listed.parent
    os.setxattr(folder, DEFAULT, access_list(user=6, group=6, mask=6))
    old = folder / "old"
    old.write_bytes(b"old")
    os.removexattr(old, ACCESS)
    old.chmod(0o640)
    replace_bytes(old, b"new")
    assert ACCESS not in os.listxattr(old)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@linux
def test_a_new_file_has_the_rights_that_its_folder_gives(listed):
    folder = listed.parent
    os.setxattr(folder, DEFAULT, access_list(user=6, group=4, mask=6))
    (folder / "usual").touch()
    replace_bytes(folder / "new", b"new")
    for what in (lambda p: os.getxattr(p, ACCESS), lambda p: p.stat().st_mode):
        assert what(folder / "new") == what(folder / "usual")


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_new_file_has_the_usual_rights(umask, tmp_path):
    before = os.umask(umask)
    try:
        (tmp_path / "usual").touch()
        replace_bytes(tmp_path / "new", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@posix
@pytest.mark.parametrize(
    ("mode", "owner", "group", "wanted"),
    [
        (0o664, True, True, 0o664),
        (0o664, False, True, 0o664),
        (0o660, False, False, 0o600),
        (0o664, True, False, 0o644),
        (0o4755, False, True, 0o755),
        (0o2755, True, False, 0o755),
        (0o2775, True, True, 0o2775),
    ],
)
def test_an_owner_that_cannot_be_kept_gives_nobody_rights(mode, owner, group, wanted, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    monkeypatch.setattr(attributes, "_keep_owner", lambda *_: (owner, group))
    replace_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert oct(stat.S_IMODE(path.stat().st_mode)) == oct(wanted)


@as_root
def test_a_group_is_kept_where_the_owner_cannot_be(tmp_path, monkeypatch):
    change = os.fchown

    def as_a_member(handle, owner, group):
        if owner not in (-1, 0):
            raise PermissionError(errno.EINVAL, "Invalid argument")
        change(handle, owner, group)

    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    monkeypatch.setattr(os, "fchown", as_a_member)
    replace_bytes(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 2345)


@posix
@pytest.mark.parametrize(("old", "fixed", "kept"), [(0o755, 0o755, True), (0o600, 0o755, False)])
def test_a_file_system_with_one_mode_for_all_files_is_fine(old, fixed, kept, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(old)
    change = os.fchmod

    def refuse(handle, _mode):
        change(handle, fixed)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    if kept:
        replace_bytes(path, b"new")
        assert path.read_bytes() == b"new"
    else:
        with pytest.raises(PermissionError, match="other users would gain rights"):
            replace_bytes(path, b"new")
        assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
