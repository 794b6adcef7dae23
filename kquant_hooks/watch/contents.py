"""What files hold, in a word by which two contents are told apart."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from kquant_hooks.disk.folder import Folder
from kquant_hooks.disk.reading import NotRegularError, open_regular


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
    try:
        with open_regular(folder, name) as file:
            return Content(os.fstat(file.fileno()), hashlib.file_digest(file, "sha256").hexdigest())
    except FileNotFoundError:
        return None
    except NotRegularError:
        return Content(folder.stat(name), None)
