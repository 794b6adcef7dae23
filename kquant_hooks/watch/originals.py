"""Archives or deletes originals that have results."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.watch.folder import sample_from
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.targets import numbered

# In the watched folder.
_ARCHIVE = ".originals"


def remove_original(inbox: Path, source: str, version: Sample, *, archive: bool) -> bool:
    """Move a version of a file into the archive, and delete it there unless ``archive`` is set.

    Returns
    -------
    bool
        Whether that version was removed; a newer one may have replaced it.

    Raises
    ------
    OSError
        If it cannot be moved, for example because the archive is a link; the file stays where it was.
    """
    inner, name = os.path.split(source)
    with open_folder(inbox) as top, top.descend(inner) as folder:
        found = folder.stat_or_none(name)
        if found is None or sample_from(found) != version:
            return False
        with top.descend(os.path.join(_ARCHIVE, inner), create=True) as away:
            return _removed(folder, name, away, version, archive=archive)


def _removed(folder: Folder, name: str, away: Folder, version: Sample, *, archive: bool) -> bool:
    place = _free_place(away, name)
    try:
        _move(folder, name, away, place)
    except OSError:
        away.unlink(place)
        raise
    if not sample_from(away.stat(place)).resembles(version):
        # A new version was written between the check and the move.
        _bring_back(folder, name, away, place)
        return False
    if not archive:
        away.unlink(place)
    return True


def _free_place(away: Folder, name: str) -> str:
    """A free name in the archive, reserved by an empty file."""
    for place in numbered(name):
        with suppress(FileExistsError):
            os.close(away.create(place, 0o600))
            break
    return place


def _move(folder: Folder, name: str, to: Folder, place: str) -> None:
    os.replace(
        folder.path_for_dir_fd(name),
        to.path_for_dir_fd(place),
        src_dir_fd=folder.handle,
        dst_dir_fd=to.handle,
    )


def _bring_back(folder: Folder, name: str, away: Folder, place: str) -> None:
    """Undo a move, unless there is an even newer file."""
    paths = away.path_for_dir_fd(place), folder.path_for_dir_fd(name)
    try:
        os.link(*paths, src_dir_fd=away.handle, dst_dir_fd=folder.handle, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:
        # Not every file system has hard links.
        if folder.stat_or_none(name) is None:
            _move(away, place, folder, name)
        return
    away.unlink(place)
