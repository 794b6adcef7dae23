"""Folders by handle, opened without following links.

A path may lead elsewhere at each use: any user who can write to a folder in it can put a link there. A
handle always refers to the same folder. So a path is resolved once, when a user gives it. Then it is opened
part by part, and none of the parts may be a link by then. Everything in the folder is accessed relative to
its handle. Windows has no such handles; there, the path is checked for links and then used.
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
_FOLDER_FLAGS = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# To pass through a folder, the right to search it is enough, if the system makes the distinction.
_PASS_FLAGS = _FOLDER_FLAGS | getattr(os, "O_PATH", os.O_RDONLY)
_ENTER_FLAGS = _FOLDER_FLAGS | os.O_RDONLY
# For any file: opening a pipe does not block, links are not followed, and no terminal becomes the controlling
# terminal of this process.
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
        The path by which it was opened.
    handle : int, optional
        For the ``dir_fd`` of functions in ``os``; None if the system has no handles of folders.
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
        """Close it; errors are ignored, because nothing is lost by them."""
        if self.handle is not None:
            with suppress(OSError):
                os.close(self.handle)

    @property
    def identity(self) -> Identity:
        """Device and inode, which distinguish it from another folder with the same path."""
        found = os.stat(self.path if self.handle is None else self.handle)
        return found.st_dev, found.st_ino

    def path_for_dir_fd(self, name: str) -> str:
        """The path of a file for functions with ``dir_fd=self.handle``."""
        return os.path.join(self.path, name) if self.handle is None else name

    def stat(self, name: str) -> os.stat_result:
        """The status of a file, or of a link itself."""
        return os.stat(self.path_for_dir_fd(name), dir_fd=self.handle, follow_symlinks=False)

    def stat_or_none(self, name: str) -> os.stat_result | None:
        """Like ``stat``; None if there is no file of that name."""
        try:
            return self.stat(name)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """Open a file and return its handle. Links are not followed, and pipes do not block."""
        if self.handle is None and stat.S_ISLNK(self.stat(name).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        return os.open(self.path_for_dir_fd(name), flags | FILE_FLAGS, mode, dir_fd=self.handle)

    def create(self, name: str, mode: int) -> int:
        """Create a file and return its handle for writing; FileExistsError if the name is taken."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | FILE_FLAGS
        return os.open(self.path_for_dir_fd(name), flags, mode, dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self.path_for_dir_fd(name), dir_fd=self.handle)

    def names(self) -> list[str]:
        """The names of the files and folders in it."""
        return os.listdir(self.path if self.handle is None else self.handle)

    def entries(self) -> list[os.DirEntry[str]]:
        """The files and folders in it; their status is available while the folder is open."""
        try:
            with os.scandir(self.path if self.handle is None else self.handle) as found:
                return list(found)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            # The handle does not allow reading; see ``_entered``.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from error

    def descend(self, relative: str | os.PathLike[str], *, create: bool = False) -> Folder:
        """Open a folder below this one; see ``open_folder``."""
        relative = Path(relative)
        if self.handle is None:
            return open_folder(self.path / relative, create=create)
        return Folder(self.path / relative, _walked(self.handle, relative.parts, create=create))

    def sync(self) -> None:
        """Write its entries to the disk, if the system can."""
        if self.handle is not None:
            _sync(self.handle)


def open_folder(path: Path, *, create: bool = False, identity: Identity | None = None) -> Folder:
    """Open a folder by a path of which no part is a link.

    Parameters
    ----------
    path : Path
        Resolved when it was given, as by ``os.path.realpath``.
    create : bool
        Whether to create missing folders; the new entries are on the disk on return.
    identity : tuple of int, optional
        Device and inode that it must have.

    Raises
    ------
    OSError
        ``ELOOP`` if a part of the path is a link now, ``ESTALE`` if the folder has another identity, or
        any error of opening it.
    """
    if _HAS_HANDLES:
        start = os.open(path.anchor or os.curdir, _PASS_FLAGS)
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
        raise OSError(errno.ESTALE, f"{path} is a different folder now")
    return folder


def resolved(path: Path, *, last: bool = True) -> Path:
    """An absolute path without links, for ``open_folder``.

    Parameters
    ----------
    path : Path
    last : bool
        Whether to resolve the last part as well, and not only the folders above it.
    """
    if last:
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name)


def _walked(start: int, parts: tuple[str, ...], *, create: bool) -> int:
    """The handle of the folder that the parts lead to, opened one after the other."""
    follow_no_link = getattr(os, "O_NOFOLLOW_ANY", 0)
    if follow_no_link and not create:
        # One call that follows no link in the whole path.
        return os.open(os.path.join(os.curdir, *parts), _ENTER_FLAGS | follow_no_link, dir_fd=start)
    handle = os.open(os.curdir, _PASS_FLAGS, dir_fd=start)
    try:
        for part in parts:
            below = _opened_part(handle, part, create=create)
            os.close(handle)
            handle = below
        return _entered(handle)
    finally:
        os.close(handle)


def _opened_part(handle: int, part: str, *, create: bool) -> int:
    try:
        return os.open(part, _PASS_FLAGS, dir_fd=handle)
    except FileNotFoundError:
        if not create:
            raise
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=handle)
        _sync(handle)
        return os.open(part, _PASS_FLAGS, dir_fd=handle)
    except NotADirectoryError as error:
        if not stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
            raise
        raise _link_error(part) from error


def _entered(handle: int) -> int:
    """A handle of the same folder that allows listing and syncing, if the folder is readable."""
    try:
        return os.open(os.curdir, _ENTER_FLAGS, dir_fd=handle)
    except PermissionError:
        return os.open(os.curdir, _PASS_FLAGS, dir_fd=handle)


def _sync(handle: int) -> None:
    # It needs a handle that allows reading, and some network file systems do not support it.
    with suppress(OSError):
        readable = os.open(os.curdir, _ENTER_FLAGS, dir_fd=handle)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)


def _refuse_links(path: Path) -> None:
    for part in (path, *path.parents):
        if part.is_symlink() or getattr(os.path, "isjunction", lambda _: False)(part):
            raise _link_error(part.name)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _link_error(name: str) -> OSError:
    return OSError(errno.ELOOP, f"{name} is a symbolic link; use the path that it leads to")
