"""Digests of the content of files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from kquant_hooks.disk.folder import Folder
from kquant_hooks.disk.reading import NotRegularError, open_regular


@dataclass(frozen=True, slots=True)
class Content:
    """A file in a folder.

    Attributes
    ----------
    found : os.stat_result
        Its status.
    digest : str, optional
        That of its content; None if it is not a regular file.
    """

    found: os.stat_result
    digest: str | None


def digest(data: bytes) -> str:
    """The digest of some bytes."""
    return hashlib.sha256(data).hexdigest()


def content_in(folder: Folder, name: str) -> Content | None:
    """The file with a name in a folder; None if it does not exist.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    try:
        with open_regular(folder, name) as file:
            return Content(os.fstat(file.fileno()), hashlib.file_digest(file, "sha256").hexdigest())
    except FileNotFoundError:
        return None
    except NotRegularError:
        return Content(folder.stat(name), None)
