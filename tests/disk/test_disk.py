"""Files by handle: what a user who can write to a folder cannot do, and what a new file keeps."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys

import pytest
from files import DEADLINE

from kquant_hooks.disk import atomic, rename
from kquant_hooks.disk.atomic import replace_bytes, replace_file
from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.temporary import is_temporary, sweep, temporary_in

posix = pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="of the administrator")

# Folders.


@posix
@pytest.mark.parametrize("inner", ["link", "link/sub", "real/link"])
def test_no_link_on_the_way_is_followed(inner, tmp_path):
    (tmp_path / "real/sub").mkdir(parents=True)
    for link in ("link", "real/link"):
        (tmp_path / link).symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="is a symbolic link") as caught:
        open_folder(tmp_path / inner)
    assert caught.value.errno == errno.ELOOP
    with open_folder(tmp_path) as folder, pytest.raises(OSError, match="is a symbolic link"):
        folder.descend(inner)
    with open_folder(tmp_path / "real/sub") as folder:
        assert folder.names() == []


@posix
def test_a_folder_stays_the_one_that_was_opened(tmp_path):
    (tmp_path / "in").mkdir()
    with open_folder(tmp_path / "in") as folder:
        (tmp_path / "in").rename(tmp_path / "away")
        (tmp_path / "in").mkdir()
        replace_file(folder, "a", b"1")
        with folder.descend("b/c", create=True) as below:
            replace_file(below, "d", b"2")
    assert list((tmp_path / "in").iterdir()) == []
    assert (tmp_path / "away/b/c/d").read_bytes() == b"2"


@posix
def test_another_folder_of_the_same_path_is_refused(tmp_path):
    with open_folder(tmp_path) as folder:
        identity = folder.identity
    open_folder(tmp_path, identity=identity).close()
    with pytest.raises(OSError, match="is a different folder now") as caught:
        open_folder(tmp_path, identity=(identity[0], identity[1] + 1))
    assert caught.value.errno == errno.ESTALE


@posix
def test_new_folders_are_on_the_disk_before_what_lies_in_them(tmp_path, monkeypatch):
    synced = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), sync(handle)))
    with open_folder(tmp_path / "a/b", create=True) as folder:
        replace_file(folder, "c", b"")
    wanted = [path.stat().st_ino for path in (tmp_path, tmp_path / "a", tmp_path / "a/b/c", tmp_path / "a/b")]
    assert synced == wanted


@posix
def test_opening_a_pipe_or_a_link_does_not_block_or_lead_away(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with open_folder(tmp_path) as folder:
        os.close(folder.open("pipe"))
        with pytest.raises(OSError, match="symbolic link"):
            folder.open("link")
        for name in ("pipe", "link"):
            with pytest.raises(OSError, match=r"regular file|symbolic link"):
                replace_file(folder, name, b"")
        assert sorted(folder.names()) == ["link", "pipe"]


# The temporary file.


@as_root
@pytest.mark.parametrize("kind", ["symlink", "link", "file"])
def test_a_temporary_file_that_is_swapped_gives_nothing_away(kind, tmp_path, monkeypatch):
    """A user who can write to the folder puts a link in its place while an administrator's program writes."""
    victim, box = tmp_path / "victim", tmp_path / "box"
    victim.write_bytes(b"secret")
    victim.chmod(0o600)
    box.mkdir()
    picture = box / "picture"
    picture.write_bytes(b"old")
    picture.chmod(0o666)
    os.chown(picture, 1234, 1234)
    sync = atomic._sync

    def swap():
        (temporary,) = (path for path in box.iterdir() if is_temporary(path.name))
        temporary.unlink()
        if kind == "file":
            temporary.write_bytes(b"of somebody else")
        else:
            (temporary.symlink_to if kind == "symlink" else temporary.hardlink_to)(victim)

    def swap_then_sync(handle):
        swap()
        sync(handle)

    def swap_then_write(handle, data):
        swap()
        os.write(handle, data)

    for name, swapping in (("_sync", swap_then_sync), ("_write", swap_then_write)):
        with monkeypatch.context() as patch:
            patch.setattr(atomic, name, swapping)
            with pytest.raises(OSError, match="its temporary file was removed"):
                replace_bytes(picture, b"new")
        found = victim.stat()
        assert (victim.read_bytes(), stat.S_IMODE(found.st_mode), found.st_uid) == (b"secret", 0o600, 0)
        assert picture.read_bytes() == b"old"
        for path in filter(lambda path: is_temporary(path.name), box.iterdir()):
            path.unlink()


def test_files_that_no_process_writes_are_swept(tmp_path):
    (tmp_path / ".kquant-123-left").touch()
    with open_folder(tmp_path) as folder, temporary_in(folder, 0o600) as held:
        sweep(folder)
        assert folder.names() == [held.name]
    assert list(tmp_path.iterdir()) == []


@linux
def test_a_writer_in_another_namespace_keeps_its_file(tmp_path):
    """Its process number is free here, or belongs to another process."""
    program = (
        "import sys; from pathlib import Path; from kquant_hooks.disk.folder import open_folder\n"
        "from kquant_hooks.disk.temporary import temporary_in\n"
        "with open_folder(Path(sys.argv[1])) as folder, temporary_in(folder, 0o600):\n"
        "    print('written', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    if (
        subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False).returncode
        == 0
    ):
        command = ["unshare", "--pid", "--fork", *command]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"written\n"
        with open_folder(tmp_path) as folder:
            sweep(folder)
            assert len(folder.names()) == 1
            writer.stdin.close()
            writer.wait(DEADLINE)
            assert folder.names() == []


def test_a_file_swept_between_creating_and_locking_is_created_again(tmp_path, monkeypatch):
    from kquant_hooks.disk import temporary

    lock = temporary._lock
    lost = []

    def late(handle, *, wait):
        if not lost:
            lost.extend(tmp_path.iterdir())
            lost[0].unlink()
        return lock(handle, wait=wait)

    monkeypatch.setattr(temporary, "_lock", late)
    replace_bytes(tmp_path / "a", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


# The name.


@pytest.mark.parametrize("known", [True, False])
def test_a_new_file_never_takes_a_name_that_is_taken(known, tmp_path, monkeypatch):
    if not known:
        monkeypatch.setattr(rename, "_try_rename", lambda *_: False)
    write = (tmp_path / "a").write_bytes
    with open_folder(tmp_path) as folder:
        with pytest.raises(FileExistsError):
            replace_file(folder, "a", b"mine", exclusive=True, before_rename=lambda: write(b"another's"))
        assert folder.names() == ["a"]
        replace_file(folder, "b", b"mine", exclusive=True)
    assert (tmp_path / "a").read_bytes() == b"another's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@linux
@pytest.mark.parametrize("how", ["replaced", "written", "replaced twice"])
def test_what_another_writer_wrote_in_the_last_moment_is_kept(how, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    exchange = rename.exchange

    def overtaken(folder, old, new):
        if how == "written":
            path.write_bytes(b"newer")
        elif how == "replaced" or path.read_bytes() != b"newer":
            (tmp_path / "other").write_bytes(b"newer")
            (tmp_path / "other").replace(path)
        return exchange(folder, old, new)

    monkeypatch.setattr(atomic, "exchange", overtaken)
    with (
        open_folder(tmp_path) as folder,
        pytest.raises(OSError, match="while it was being processed"),
    ):
        replace_file(folder, "a", b"mine", expected=folder.stat("a"))
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize("known", [True, False])
def test_an_expected_version_is_replaced_and_the_old_one_is_gone(known, tmp_path, monkeypatch):
    if not known:
        monkeypatch.setattr(rename, "_try_rename", lambda *_: False)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with open_folder(tmp_path) as folder:
        replace_file(folder, "a", b"new", expected=folder.stat("a"))
        assert folder.names() == ["a"]
    assert path.read_bytes() == b"new"


# Checks before writing.


@as_root
def test_what_a_sticky_folder_forbids_is_known_beforehand(tmp_path, monkeypatch):
    tmp_path.chmod(0o1777)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o666)
    os.chown(tmp_path, 1, 1)
    os.chown(path, 2, 2)
    with open_folder(tmp_path) as folder:
        for user, may in ((0, True), (1, True), (2, True), (3, False)):
            monkeypatch.setattr(os, "geteuid", lambda user=user: user)
            if may:
                atomic.check_replaceable(folder, "a", folder.stat("a"))
            else:
                with pytest.raises(PermissionError, match="not permitted"):
                    atomic.check_replaceable(folder, "a", folder.stat("a"))


@posix
def test_an_error_of_closing_a_folder_is_not_an_error_of_writing(tmp_path, monkeypatch):
    folder = open_folder(tmp_path)
    with folder:
        replace_file(folder, "a", b"1")
        os.close(folder.handle)
    assert (tmp_path / "a").read_bytes() == b"1"
