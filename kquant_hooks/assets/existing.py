"""Compares a result with the file at its target, which only --force overwrites."""

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

# Comparing larger files takes too long to be worth it.
_MOST_BYTES = 1 << 26


def already_there(target: Path) -> str:
    """The reason for not writing to a target with different content."""
    return f"{target} already exists with different content; use --force to overwrite it"


def is_another(real: Path, data: bytes, format_name: str, settings: Settings, policy: Policy) -> bool:
    """Whether a target exists that is certainly not the result; decided without quantizing.

    Parameters
    ----------
    real : Path
        The absolute path of the target.
    data : bytes
        The source file; the answer is always False if its format is rare.
    format_name : str
        The format of the result.
    settings : Settings
    policy : Policy
        If it may leave the file alone, only quantizing shows whether there will be a result.

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
    """The outcome for a result whose target exists: up to date, or a failure."""
    if _holds(folder, name, written):
        return replace(outcome, status="unchanged", reason=f"{target} is up to date")
    return unwritten(outcome, already_there(target))


def _can_become(data: bytes, there: bytes, format_name: str, settings: Settings) -> bool:
    """Whether the headers allow one file to be the result of another, or a copy of it."""
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
    # One of them may be rotated by 90 degrees.
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
