"""Files beside the results that say why there is none."""

from __future__ import annotations

import os
from contextlib import suppress

from kquant_hooks.disk.atomic import replace_file
from kquant_hooks.disk.folder import Folder
from kquant_hooks.watch.folder import REASON_ENDING


def write_reason(home: Folder, source: str, text: str) -> None:
    """Say in the folder of results why a file has none; OSError if it cannot be written."""
    inner, name = os.path.split(source)
    with home.descend(inner, create=True) as folder:
        replace_file(folder, name + REASON_ENDING, f"{text}\n".encode("utf-8", "backslashreplace"))


def remove_reason(home: Folder, source: str) -> None:
    """Say no more of a file."""
    inner, name = os.path.split(source)
    # A name may be too long for there to be one.
    with suppress(OSError), home.descend(inner) as folder:
        folder.unlink(name + REASON_ENDING)
