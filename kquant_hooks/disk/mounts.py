"""Mount points; none on systems that do not list them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK_KINDS = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "drvfs",
    "vboxsf",
    "vmhgfs",
    "prl_fs",
    "fakeowner",
    "virtiofs",
    "fuse.",
    "davfs",
    "ceph",
    "gluster",
)


def mounts() -> list[tuple[Path, str]]:
    """Mount points and the kind of file system on each. If two share a mount point, the last is visible."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        fields, _, rest = line.partition(" - ")
        # Spaces and some other characters are written as octal numbers.
        place = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields.split()[4])
        found.append((Path(place), rest.split()[0]))
    return found


def network_of(folder: Path) -> str | None:
    """The kind of network file system that a folder is on, if any; the system reports no events for these."""
    real = Path(os.path.realpath(folder))
    best, kind = Path(), ""
    for place, name in mounts():
        if real.is_relative_to(place) and len(place.parts) >= len(best.parts):
            best, kind = place, name
    return kind if kind.startswith(_NETWORK_KINDS) else None


class Mounts:
    """Remembers the mount points that it has seen below some folders.

    After unmounting, an empty folder is left. It looks as if all files had been removed, and files written to
    it are hidden as soon as the share is mounted again.

    Parameters
    ----------
    folders : iterable of Path
        Absolute, without links.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = frozenset(folders)
        self._seen: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        """Remember what is mounted now."""
        self._seen |= self._below()

    def missing(self, path: Path) -> Path | None:
        """The mount point above a path that has lost its file system; None if all are mounted."""
        above = self._seen.intersection((path, *path.parents))
        return min(above - self._below(), default=None) if above else None

    def _below(self) -> set[Path]:
        return {place for place, _ in mounts() if not self._folders.isdisjoint(place.parents)}
