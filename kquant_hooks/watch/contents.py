"""What files hold, in a word by which two contents are told apart."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from kquant_hooks.disk.folder import Folder


@dataclass(frozen=True, slots=True)
class Content:
    """What has a name in a folder.

    Attributes
    ----------
    found : os.stat_result
        What the system says of it.
    digest : str, optional
        Of what it holds; None for what is no regular file.
    """

    found: os.stat_result
    digest: str | None


def digest(data: bytes) -> str:
    """The word for some bytes."""
    return hashlib.sha256(data).hexdigest()


def content_in(folder: Folder, name: str) -> Content | None:
    """What has a name in a folder; None where nothing has.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = folder.stat_or_none(name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return found and Content(found, None)
    with os.fdopen(folder.open(name), "rb") as file:
        found = os.fstat(file.fileno())
        word = hashlib.file_digest(file, "sha256").hexdigest() if stat.S_ISREG(found.st_mode) else None
        return Content(found, word)
