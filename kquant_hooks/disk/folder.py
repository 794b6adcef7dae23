"""Folders by handle, opened without following a link.

A path can lead elsewhere at each use: whoever may write to a folder on the way can put a link in its place.
A handle cannot. So a path is resolved once, where a user gives it, opened part by part, none of which may be
a link by then, and what happens in the folder happens relative to its handle. Windows has no such handles;
there, links on the way are looked for, and paths are used.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

Identity = tuple[int, int]

_HAS_HANDLES = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY") and hasattr(os, "O_NOFOLLOW")
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# On the way the right to pass through is enough, where the system knows the difference.
_PASSED = _FOLDER | getattr(os, "O_PATH", os.O_RDONLY)
_ENTERED = _FOLDER | os.O_RDONLY
# For any file: opening a pipe must not block, a link is not followed, and nothing becomes a terminal of this
# process.
FILE_FLAGS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """An open folder; a context manager that closes it.

    Attributes
    ----------
    path : Path
        The way by which it was opened.
    handle : int, optional
        For the ``dir_fd`` of functions in ``os``; None where the system has no handles of folders.
    """

    path: Path
    handle: int | None

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; what was written to it is safe however that ends."""
        if self.handle is not None:
            with suppress(OSError):
                os.close(self.handle)

    @property
    def identity(self) -> Identity:
        """Device and inode, which another folder of the same path does not have."""
        found = os.stat(self.path if self.handle is None else self.handle)
        return found.st_dev, found.st_ino

    def way_to(self, name: str) -> str:
        """A file's name as functions with ``dir_fd=self.handle`` take it."""
        return os.path.join(self.path, name) if self.handle is None else name

    def stat(self, name: str) -> os.stat_result:
        """What the system says of a file, or of a link itself."""
        return os.stat(self.way_to(name), dir_fd=self.handle, follow_symlinks=False)

    def stat_or_none(self, name: str) -> os.stat_result | None:
        """As ``stat``; None where there is nothing of that name."""
        try:
            return self.stat(name)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """A handle of a file, never of what a link leads to; opening it neither blocks nor acts."""
        if self.handle is None and stat.S_ISLNK(self.stat(name).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        return os.open(self.way_to(name), flags | FILE_FLAGS, mode, dir_fd=self.handle)

    def create(self, name: str, mode: int) -> int:
        """A handle to write a new file through; FileExistsError if the name is taken."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | FILE_FLAGS
        return os.open(self.way_to(name), flags, mode, dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self.way_to(name), dir_fd=self.handle)

    def names(self) -> list[str]:
        """What lies in it."""
        return os.listdir(self.path if self.handle is None else self.handle)

    def entries(self) -> list[os.DirEntry[str]]:
        """The same, each of which can be asked what it is as long as the folder is open."""
        try:
            with os.scandir(self.path if self.handle is None else self.handle) as found:
                return list(found)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            # There is a handle, but not one to read through; see ``_entered``.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from error

    def descend(self, relative: str | os.PathLike[str], *, create: bool = False) -> Folder:
        """A folder below this one; see ``open_folder``."""
        relative = Path(relative)
        if self.handle is None:
            return open_folder(self.path / relative, create=create)
        return Folder(self.path / relative, _walked(self.handle, relative.parts, create=create))

    def sync(self) -> None:
        """Have its entries on the disk, where the system can do that."""
        if self.handle is not None:
            _sync(self.handle)


def open_folder(path: Path, *, create: bool = False, identity: Identity | None = None) -> Folder:
    """Open a folder by a path on which no part is a link.

    Parameters
    ----------
    path : Path
        Resolved where it was given, as by ``os.path.realpath``.
    create : bool
        Make what is missing; the new entries are on the disk on return.
    identity : tuple of int, optional
        Device and inode that it must have.

    Raises
    ------
    OSError
        ``ELOOP`` if a part of the path is a link by now, ``ESTALE`` if it is another folder; or whatever
        opening it brings about.
    """
    if _HAS_HANDLES:
        start = os.open(path.anchor or os.curdir, _PASSED)
        try:
            folder = Folder(path, _walked(start, path.relative_to(path.anchor).parts, create=create))
        finally:
            os.close(start)
    else:
        if create:
            path.mkdir(parents=True, exist_ok=True)
        _refuse_links(path)
        folder = Folder(path, None)
    if identity is not None and folder.identity != identity:
        folder.close()
        raise OSError(errno.ESTALE, f"{path} is another folder now")
    return folder


def resolved(path: Path, *, last: bool = True) -> Path:
    """An absolute path without links, for ``open_folder`` and what lies in it.

    Parameters
    ----------
    path : Path
    last : bool
        Whether the last part is resolved as well, and not only the folders on the way to it.
    """
    if last:
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name)


def _walked(start: int, parts: tuple[str, ...], *, create: bool) -> int:
    """The handle of the folder that the parts lead to, one after the other."""
    if hasattr(os, "O_NOFOLLOW_ANY") and not create:
        # One call that follows no link on the whole way.
        return os.open(os.path.join(os.curdir, *parts), _ENTERED | os.O_NOFOLLOW_ANY, dir_fd=start)
    handle = os.open(os.curdir, _PASSED, dir_fd=start)
    try:
        for part in parts:
            below = _stepped(handle, part, create=create)
            os.close(handle)
            handle = below
        return _entered(handle)
    finally:
        os.close(handle)


def _stepped(handle: int, part: str, *, create: bool) -> int:
    try:
        return os.open(part, _PASSED, dir_fd=handle)
    except FileNotFoundError:
        if not create:
            raise
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=handle)
        _sync(handle)
        return os.open(part, _PASSED, dir_fd=handle)
    except NotADirectoryError as error:
        if not stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
            raise
        raise _link_on_the_way(part) from error


def _entered(handle: int) -> int:
    """A handle of the same folder that can be listed and synced, if it may be read."""
    try:
        return os.open(os.curdir, _ENTERED, dir_fd=handle)
    except PermissionError:
        return os.open(os.curdir, _PASSED, dir_fd=handle)


def _sync(handle: int) -> None:
    # Some network file systems cannot do it, and it needs a handle to read through.
    with suppress(OSError):
        readable = os.open(os.curdir, _ENTERED, dir_fd=handle)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)


def _refuse_links(path: Path) -> None:
    for part in (path, *path.parents):
        if part.is_symlink() or getattr(os.path, "isjunction", lambda _: False)(part):
            raise _link_on_the_way(part.name)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _link_on_the_way(name: str) -> OSError:
    return OSError(errno.ELOOP, f"{name} is a symbolic link; give the path that it leads to")
