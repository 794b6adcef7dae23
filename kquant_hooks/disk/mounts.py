"""What is mounted where; on systems that do not tell, nothing is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = (
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
    """Mount points, and the kind of file system on each; of two on one point, the last is to be seen."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        fields, _, rest = line.partition(" - ")
        # Spaces and the like are written as octal numbers.
        place = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields.split()[4])
        found.append((Path(place), rest.split()[0]))
    return found


def network_of(folder: Path) -> str | None:
    """The kind of network file system that a folder is on, of which the system reports no changes."""
    real = Path(os.path.realpath(folder))
    best, kind = Path(), ""
    for place, name in mounts():
        if real.is_relative_to(place) and len(place.parts) >= len(best.parts):
            best, kind = place, name
    return kind if kind.startswith(_NETWORK) else None


class Mounts:
    """Mount points below some folders, known from when they were seen.

    What was unmounted leaves an empty folder behind, which looks as if all files had been removed from it,
    and takes files that nobody sees once the share is back.

    Parameters
    ----------
    folders : iterable of Path
        Absolute, without links.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = frozenset(folders)
        self._seen: set[Path] = set()
        self.look()

    def look(self) -> None:
        """See what is mounted by now."""
        self._seen |= self._below()

    def missing(self, path: Path) -> Path | None:
        """The mount point on the way to a path on which nothing is mounted any more, if there is one."""
        on_the_way = self._seen.intersection((path, *path.parents))
        return min(on_the_way - self._below(), default=None) if on_the_way else None

    def _below(self) -> set[Path]:
        return {place for place, _ in mounts() if not self._folders.isdisjoint(place.parents)}
