"""Lists the files in the watched folder that should be processed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.folder import Folder, Identity, open_folder
from kquant_hooks.disk.temporary import is_temporary
from kquant_hooks.watch.intake import Sample

# Appended to the name of a file, it names the text file that says why there is no result.
REASON_EXTENSION = ".kquant-failed.txt"

# Extensions of unfinished downloads, copies and edits.
_UNFINISHED_EXTENSIONS = (
    ".crdownload", ".part", ".partial", ".download", ".filepart", ".tmp", ".temp", ".aria2", ".!ut", "~",
)  # fmt: skip
# Names that operating systems use: thumbnails, indexes, recycle bins.
_SYSTEM_NAMES = {"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
_SYSTEM_NAMES |= {"thumbs.db", "ehthumbs.db", "desktop.ini"}
# Errors for a file that is gone or has been replaced, for example by a link.
VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
# Errors that say nothing about a file.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
# SQLite's integers have 63 bits; for a time in the far future, the rest is enough to tell it from others.
_INT64_MASK = (1 << 63) - 1


def is_wanted(path: str) -> bool:
    """Whether a path is not that of an operating system, an editor or a download."""
    return all(_is_wanted(part) for part in path.split(os.sep))


def _is_wanted(name: str) -> bool:
    small = name.lower()
    if small.startswith((".", "~$")) or is_temporary(name) or small in _SYSTEM_NAMES:
        return False
    # vim writes .swp, or .swo, .swn and so on if that is taken.
    return not (
        small.endswith((REASON_EXTENSION, *_UNFINISHED_EXTENSIONS))
        or (small[-4:-1] == ".sw" and small[-1].isalpha())
    )


def sample_of(path: str) -> Sample | None:
    """The version of a regular file; None if there is no regular file of that path.

    Raises
    ------
    OSError
        If the status cannot be read.
    """
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return sample_from(found)


def sample_from(found: os.stat_result) -> Sample:
    """The version of a file with a status."""
    return Sample(
        found.st_size,
        found.st_mtime_ns & _INT64_MASK,
        found.st_ino & _INT64_MASK,
        found.st_ctime_ns & _INT64_MASK,
    )


def stat_in(root: Folder, path: str) -> os.stat_result | None:
    """The status of a path below ``root``; None if it does not exist or passes through a link.

    Raises
    ------
    OSError
        If the status cannot be read.
    """
    folder, name = os.path.split(path)
    try:
        with root.descend(folder) as inner:
            return inner.stat(name)
    except OSError as error:
        if error.errno in VANISHED:
            return None
        raise


def is_missing(root: Folder, path: str) -> bool:
    """Whether a path does not exist; False if a share does not respond or the path passes through a link."""
    inner, name = os.path.split(path)
    try:
        with root.descend(inner) as folder:
            return folder.stat_or_none(name) is None
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def version_in(root: Folder, path: str) -> Sample | None:
    """Like ``sample_of``, for a path below ``root`` that passes through no link."""
    found = stat_in(root, path)
    return None if found is None or not stat.S_ISREG(found.st_mode) else sample_from(found)


def files_in(
    root: Folder,
    below: str = "",
    *,
    recursive: bool = True,
    unreadable: Callable[[str, str], None] = lambda _path, _reason: None,
) -> Iterator[tuple[str, Sample]]:
    """Wanted files below a folder of ``root``, and their versions; links are not followed.

    Parameters
    ----------
    root : Folder
    below : str
    recursive : bool
        Whether to include files in subfolders.
    unreadable : callable
        Called with the path of a folder that cannot be read, relative to ``root``, and the reason.

    Yields
    ------
    path : str
        Relative to ``root``.
    version : Sample

    Raises
    ------
    OSError
        If the system has run out of files or memory.
    """
    folders = [below]
    while folders:
        path = folders.pop()
        try:
            with root.descend(path) as folder:
                entries = sorted((entry.name, found) for entry, found in _described(folder))
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            if error.errno not in VANISHED:
                unreadable(path, error.strerror or str(error))
            continue
        for name, found in entries:
            if stat.S_ISREG(found.st_mode):
                yield os.path.join(path, name), sample_from(found)
            elif recursive:
                folders.append(os.path.join(path, name))


def _described(folder: Folder) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Wanted files and folders in a folder, with their status."""
    for entry in folder.entries():
        if not _is_wanted(entry.name):
            continue
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            # It is gone, or its share does not respond; the next scan tries again.
            continue
        if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
            yield entry, found


def folders_in(root: Folder) -> int:
    """The number of folders that a recursive observer has to cover: those that can be read."""
    count, folders = 0, [""]
    while folders:
        path = folders.pop()
        with suppress(OSError), root.descend(path) as folder:
            inner = [entry.name for entry in folder.entries() if entry.is_dir(follow_symlinks=False)]
            folders += [os.path.join(path, name) for name in inner]
            count += 1
    return count


def is_readable(root: Folder, path: str) -> bool:
    """Whether a folder below ``root`` can be listed."""
    try:
        with root.descend(path) as folder:
            folder.entries()
    except OSError:
        return False
    return True


def identity(folder: Path) -> Identity | None:
    """Device and inode of a folder; None if it does not exist or its path passes through a link.

    Raises
    ------
    OSError
        If the system has run out of files or memory.
    """
    try:
        with open_folder(folder) as opened:
            return opened.identity
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        return None
