"""Files that say why a file has no result."""

from __future__ import annotations

import os
from contextlib import suppress

from kquant_hooks.disk.atomic import replace_file
from kquant_hooks.disk.folder import Folder
from kquant_hooks.report.lines import one_line
from kquant_hooks.watch.folder import REASON_EXTENSION


def write_reason(results: Folder, source: str, text: str) -> str:
    """Write why a file has no result into the folder of results; returns what went wrong, if anything."""
    inner, name = os.path.split(source)
    # A name may contain control sequences for a terminal.
    data = f"{one_line(text)}\n".encode("utf-8", "backslashreplace")
    try:
        with results.descend(inner, create=True) as folder:
            replace_file(folder, name + REASON_EXTENSION, data)
    except OSError as error:
        return f"cannot write the reason why {source} failed: {error.strerror or error}"
    return ""


def remove_reason(results: Folder, source: str) -> None:
    """Remove the reason of a file."""
    inner, name = os.path.split(source)
    # If the name is too long, none was written.
    with suppress(OSError), results.descend(inner) as folder:
        folder.unlink(name + REASON_EXTENSION)
