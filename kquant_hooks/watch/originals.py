"""Originals whose results are there, put away: archived or deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.watch.folder import sample
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.targets import numbered

# In the watched folder.
_ARCHIVE = ".originals"


def put_away(inbox: Path, source: str, version: Sample, *, archive: bool) -> bool:
    """Move a version of a file into the archive, and delete it there unless that is where it stays.

    Returns
    -------
    bool
        Whether that version is away; it may have been replaced.

    Raises
    ------
    OSError
        If it cannot be put away, as where the archive is a link; the file is where it was.
    """
    inner, name = os.path.split(source)
    with open_folder(inbox) as top, top.descend(inner) as folder:
        found = folder.stat_or_none(name)
        if found is None or sample(found) != version:
            return False
        with top.descend(os.path.join(_ARCHIVE, inner), create=True) as away:
            return _put_away(folder, name, away, version, archive=archive)


def _put_away(folder: Folder, name: str, away: Folder, version: Sample, *, archive: bool) -> bool:
    place = _free_place(away, name)
    try:
        _move(folder, name, away, place)
    except OSError:
        away.unlink(place)
        raise
    if not sample(away.stat(place)).resembles(version):
        # A new version came between the two looks.
        _bring_back(folder, name, away, place)
        return False
    if not archive:
        away.unlink(place)
    return True


def _free_place(away: Folder, name: str) -> str:
    """A name in the archive that nobody else gets: that of an empty file."""
    for place in numbered(name):
        with suppress(FileExistsError):
            os.close(away.create(place, 0o600))
            break
    return place


def _move(folder: Folder, name: str, to: Folder, place: str) -> None:
    os.replace(folder.way_to(name), to.way_to(place), src_dir_fd=folder.handle, dst_dir_fd=to.handle)


def _bring_back(folder: Folder, name: str, away: Folder, place: str) -> None:
    """Undo a move, unless there is a still newer file."""
    ways = away.way_to(place), folder.way_to(name)
    try:
        os.link(*ways, src_dir_fd=away.handle, dst_dir_fd=folder.handle, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:
        # There are no hard links everywhere.
        if folder.stat_or_none(name) is None:
            _move(away, place, folder, name)
        return
    away.unlink(place)
