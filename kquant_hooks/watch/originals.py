"""Archives or deletes originals that have results."""

from __future__ import annotations

import os
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
        with top.descend(os.path.join(_ARCHIVE, inner), create=True) as archived:
            return _archive_or_delete(folder, name, archived, version, archive=archive)


def _archive_or_delete(
    folder: Folder, name: str, archived: Folder, version: Sample, *, archive: bool
) -> bool:
    new_name = _reserved_name(archived, name)
    try:
        _move(folder, name, archived, new_name)
    except OSError:
        archived.unlink(new_name)
        raise
    if not sample_from(archived.stat(new_name)).resembles(version):
        # A new version was written between the check and the move.
        _bring_back(folder, name, archived, new_name)
        return False
    if not archive:
        archived.unlink(new_name)
    return True


def _reserved_name(archived: Folder, name: str) -> str:
    """A free name in the archive, reserved by an empty file."""
    for new_name in numbered(name):
        try:
            os.close(archived.create(new_name, 0o600))
        except FileExistsError:
            continue
        return new_name
    raise AssertionError("there are always further names")


def _move(folder: Folder, name: str, to: Folder, new_name: str) -> None:
    os.replace(
        folder.path_for_dir_fd(name),
        to.path_for_dir_fd(new_name),
        src_dir_fd=folder.handle,
        dst_dir_fd=to.handle,
    )


def _bring_back(folder: Folder, name: str, archived: Folder, new_name: str) -> None:
    """Undo a move, unless there is an even newer file."""
    paths = archived.path_for_dir_fd(new_name), folder.path_for_dir_fd(name)
    try:
        os.link(*paths, src_dir_fd=archived.handle, dst_dir_fd=folder.handle, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:
        # Not every file system has hard links.
        if folder.stat_or_none(name) is None:
            _move(archived, new_name, folder, name)
        return
    archived.unlink(new_name)
