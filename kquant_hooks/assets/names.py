"""Names that some file systems treat as one: they differ in case, or in how accents are composed."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kquant_hooks.disk.folder import open_folder
from kquant_hooks.disk.temporary import temporary_in


def alike_in(paths: Iterable[Path]) -> list[list[Path]]:
    """Groups of two or more paths that some file system may treat as one."""
    groups: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        groups[unicodedata.normalize("NFKD", str(path).casefold())].append(path)
    return [group for group in groups.values() if len(group) > 1]


def are_one_name(first: Path, second: Path) -> bool:
    """Whether two such paths lead to one file, or would if it existed.

    The file system decides: if neither path exists, a temporary file is made in the folder above them.
    """
    with suppress(OSError):
        return os.path.samestat(os.lstat(first), os.lstat(second))
    if os.path.lexists(first) or os.path.lexists(second):
        return False
    differing = zip(first.parts, second.parts, strict=True)
    return all(_are_one_in(first, one, other) for one, other in differing if one != other)


def _are_one_in(path: Path, one: str, other: str) -> bool:
    """Whether two names are one in the nearest existing folder above a path."""
    above = next(folder for folder in path.parents if folder.is_dir())
    try:
        with open_folder(above) as folder, temporary_in(folder, 0o600, extension=one) as temporary:
            found = folder.stat_or_none(temporary.name.removesuffix(one) + other)
            return found is not None and os.path.samestat(found, os.fstat(temporary.handle))
    except OSError:
        # This cannot be found out, but then the files cannot be written either.
        return False
