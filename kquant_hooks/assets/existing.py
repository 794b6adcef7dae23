"""What lies already where a result is to go: the same, or something else, which only --force overwrites."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.outcome import Outcome, unwritten
from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.disk.reading import NotRegularError, open_regular
from kquant_hooks.documents.headers import Header, read_header
from kquant_hooks.formats.sniff import format_of
from kquant_hooks.formats.table import FORMATS
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Of larger files the look would take its time as well.
_MOST_BYTES = 1 << 26


def already_there(target: Path) -> str:
    """What is said of a target that is something else."""
    return f"{target} exists and is something else; --force overwrites it"


def is_another(real: Path, data: bytes, format_name: str, settings: Settings, policy: Policy) -> bool:
    """Whether a target is there that can be seen, before any quantizing, not to be what a file would become.

    Parameters
    ----------
    real : Path
        Where the target is.
    data : bytes
        The file; of a rare format nothing can be seen.
    format_name : str
        What the target has to be in.
    settings : Settings
    policy : Policy
        Where it may have the file left alone, only quantizing shows whether a target is wanted at all.

    Raises
    ------
    ValueError
        If the file's header is damaged.
    """
    if policy.is_gate or format_of(data) is None:
        return False
    try:
        with open_folder(real.parent) as folder, open_regular(folder, real.name) as file:
            size = os.fstat(file.fileno()).st_size
            return size <= _MOST_BYTES and not _can_become(data, file.read(), format_name, settings)
    except NotRegularError:
        return True
    except OSError:
        return False


def compare_with_existing(
    outcome: Outcome, written: bytes, target: Path, folder: Folder, name: str
) -> Outcome:
    """What becomes of a result whose target is there."""
    if _holds(folder, name, written):
        return replace(outcome, status="unchanged", reason=f"{target} is what it would become")
    return unwritten(outcome, already_there(target))


def _can_become(data: bytes, there: bytes, format_name: str, settings: Settings) -> bool:
    """Whether a file may become another one, or a copy of itself, as far as their headers tell."""
    if there == data:
        return True
    if format_of(there) != format_name:
        return False
    length = FORMATS[format_name].palette_length
    if length and settings.palette is None and (length(there, there) or 0) > settings.colors:
        return False
    before = read_header(data, format_of(data) or "")
    try:
        after = read_header(there, format_name)
    except ValueError:
        return False
    # One of them may lie on its side.
    return before is None or after is None or _sides(before) == _sides(after)


def _sides(header: Header) -> list[list[int]]:
    return list(map(sorted, header.sizes))


def _holds(folder: Folder, name: str, data: bytes) -> bool:
    found = folder.stat_or_none(name)
    if found is None or found.st_size != len(data):
        return False
    try:
        with open_regular(folder, name) as file:
            return file.read(len(data) + 1) == data
    except (FileNotFoundError, NotRegularError):
        return False
