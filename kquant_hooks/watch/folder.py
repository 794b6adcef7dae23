"""What lies in the watched folder, and which of it is to be taken in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

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


def files_in(root: str, below: str = "", *, recursive: bool = True) -> Iterator[str]:
    """Wanted files below a folder of ``root``, as paths below ``root``; links are not followed."""
    folders = [below]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name)
        except OSError:
            # Gone meanwhile, or not ours to read; the root is checked by itself.
            continue
        for entry in entries:
            path = os.path.join(folder, entry.name)
            if not _is_wanted(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if recursive:
                    folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path


def folders_in(root: str) -> int:
    """How many folders a recursive watch has to cover."""
    return sum(1 for _ in os.walk(root))


def leads_out(root: str, path: str) -> bool:
    """Whether a folder on the way to a path below ``root`` is a link."""
    folder = os.path.dirname(path)
    return os.path.realpath(os.path.join(root, folder)) != os.path.join(
        os.path.realpath(root), folder
    ).rstrip(os.sep)


def identity(folder: str) -> tuple[int, int] | None:
    """Device and inode of a folder; None if there is none."""
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
