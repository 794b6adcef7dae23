"""What lies already where a result is to go: the same, or something else, which only --force overwrites."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.outcome import Outcome, unwritten
from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.disk.reading import NotRegularError, open_regular
from kquant_hooks.documents.formats.facts import Facts, facts_of
from kquant_hooks.documents.sniff import container_of, png_palette_length
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Of larger files the look would take its time as well.
_MOST_BYTES = 1 << 26


def taken(target: Path) -> str:
    """What is said of a target that is something else."""
    return f"{target} exists and is something else; --force overwrites it"


def is_another(real: Path, data: bytes, container: str, settings: Settings, policy: Policy) -> bool:
    """Whether a target is there that can be seen, before any quantizing, not to be what a file would become.

    Parameters
    ----------
    real : Path
        Where the target is.
    data : bytes
        The file; of a rare format nothing can be seen.
    container : str
        What the target has to be in.
    settings : Settings
    policy : Policy
        Where it may have the file left alone, only quantizing shows whether a target is wanted at all.

    Raises
    ------
    ValueError
        If the file's header is damaged.
    """
    if policy.is_gate or container_of(data) is None:
        return False
    try:
        with open_folder(real.parent) as folder, open_regular(folder, real.name) as file:
            size = os.fstat(file.fileno()).st_size
            return size <= _MOST_BYTES and not _can_become(data, file.read(), container, settings)
    except NotRegularError:
        return True
    except OSError:
        return False


def beside_existing(outcome: Outcome, written: bytes, target: Path, folder: Folder, name: str) -> Outcome:
    """What becomes of a result whose target is there."""
    if _holds(folder, name, written):
        return replace(outcome, status="unchanged", reason=f"{target} is what it would become")
    return unwritten(outcome, taken(target))


def _can_become(data: bytes, there: bytes, container: str, settings: Settings) -> bool:
    """Whether a file may become another one, or a copy of itself, as far as their headers tell."""
    if there == data:
        return True
    entries = png_palette_length(there, there) or 0
    if container_of(there) != container or (settings.palette is None and entries > settings.colors):
        return False
    before = facts_of(data, container_of(data) or "")
    try:
        after = facts_of(there, container)
    except ValueError:
        return False
    # One of them may lie on its side.
    return before is None or after is None or _sides(before) == _sides(after)


def _sides(facts: Facts) -> list[list[int]]:
    return list(map(sorted, facts.sizes))


def _holds(folder: Folder, name: str, data: bytes) -> bool:
    found = folder.stat_or_none(name)
    if found is None or found.st_size != len(data):
        return False
    try:
        with open_regular(folder, name) as file:
            return file.read(len(data) + 1) == data
    except (FileNotFoundError, NotRegularError):
        return False
