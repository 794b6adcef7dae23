"""What lies in the watched folder, and which of it is to be taken in."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.folder import Folder, Identity, open_folder
from kquant_hooks.disk.temporary import PREFIX
from kquant_hooks.watch.intake import Sample

# What failed is said in a file of this ending beside where its result would be.
REASON_ENDING = ".kquant-failed.txt"

# Of downloads, copies and editors that are not done yet.
_UNFINISHED = (
    ".crdownload", ".part", ".partial", ".download", ".filepart", ".tmp", ".temp", ".aria2", ".!ut", "~",
)  # fmt: skip
# Of systems: thumbnails, indices, bins.
_SYSTEM = {"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
_SYSTEM |= {"thumbs.db", "ehthumbs.db", "desktop.ini"}
# What is missing, and what has become something else, as a link.
VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
# Which says nothing of a file.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
# What SQLite's integers hold; of a time in a far future enough to tell it from others.
_HELD = (1 << 63) - 1


def is_wanted(path: str) -> bool:
    """Whether a path below the watched folder is none of a system's, an editor's or a download's."""
    return all(_is_wanted(part) for part in path.split(os.sep))


def _is_wanted(name: str) -> bool:
    small = name.lower()
    if small.startswith((".", "~$", PREFIX)) or small in _SYSTEM or small.endswith(REASON_ENDING):
        return False
    # Of vim: .swp and the ones it goes on to where that is taken.
    return not (small.endswith(_UNFINISHED) or (small[-4:-1] == ".sw" and small[-1].isalpha()))


def sample_of(path: str) -> Sample | None:
    """The version of a regular file; None for what is none, or is not there.

    Raises
    ------
    OSError
        If it cannot be found out.
    """
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return sample(found)


def sample(found: os.stat_result) -> Sample:
    """The version that the system describes."""
    return Sample(found.st_size, found.st_mtime_ns & _HELD, found.st_ino & _HELD, found.st_ctime_ns & _HELD)


def found_in(root: Folder, path: str) -> os.stat_result | None:
    """What the system says of a path below ``root``; None where nothing is, or the way leads over a link.

    Raises
    ------
    OSError
        If it cannot be found out.
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
    """Whether nothing is at a path; a share that does not answer, or a link on the way, says nothing."""
    inner, name = os.path.split(path)
    try:
        with root.descend(inner) as folder:
            return folder.stat_or_none(name) is None
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def version_in(root: Folder, path: str) -> Sample | None:
    """As ``sample_of``, for a path below ``root`` on which no folder may be a link."""
    found = found_in(root, path)
    return None if found is None or not stat.S_ISREG(found.st_mode) else sample(found)


def files_in(
    root: Folder,
    below: str = "",
    *,
    recursive: bool = True,
    unreadable: Callable[[str, str], None] = lambda _path, _reason: None,
) -> Iterator[tuple[str, Sample]]:
    """Wanted files below a folder of ``root`` and their versions; links are not followed.

    Parameters
    ----------
    root : Folder
    below : str
    recursive : bool
        Whether files in folders in the folder are wanted as well.
    unreadable : callable
        Called with the path below ``root`` of a folder that cannot be read, and the reason.

    Yields
    ------
    path : str
        Below ``root``.
    version : Sample

    Raises
    ------
    OSError
        If the system has no files or memory left.
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
                yield os.path.join(path, name), sample(found)
            elif recursive:
                folders.append(os.path.join(path, name))


def _described(folder: Folder) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Wanted files and folders in a folder."""
    for entry in folder.entries():
        if not _is_wanted(entry.name):
            continue
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            # It is taken away, or on a share that does not answer: the next look asks again.
            continue
        if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
            yield entry, found


def folders_in(root: Folder) -> int:
    """How many folders a recursive watch has to cover: those that can be read."""
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
    """Device and inode of a folder; None if there is none, or a link has come onto the way to it.

    Raises
    ------
    OSError
        If the system has no files or memory left.
    """
    try:
        with open_folder(folder) as opened:
            return opened.identity
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        return None
