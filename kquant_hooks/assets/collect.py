"""Decides which files to quantize, and which to write, for the paths that a user gives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from kquant_hooks.assets.names import alike_in, are_one_name
from kquant_hooks.disk.folder import resolved
from kquant_hooks.disk.temporary import is_temporary
from kquant_hooks.formats.sniff import format_of
from kquant_hooks.formats.table import DEFAULT_FORMAT, FORMATS, format_for_extension, format_for_option
from kquant_hooks.options.policy import SAME

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results go.

    Attributes
    ----------
    in_place : bool
        The files themselves are rewritten.
    file, folder : Path, optional
        Results go into this file, or into this folder, which gets the tree of the given folders.
    suffix : str
        Otherwise, results go next to each file, with this text before the extension.
    format : str
        As in ``Policy``.
    """

    in_place: bool = False
    file: Path | None = None
    folder: Path | None = None
    suffix: str = ".kq"
    format: str = SAME

    @property
    def next_to_source(self) -> bool:
        """Whether each result goes next to its source."""
        return not (self.in_place or self.file or self.folder)


@dataclass(frozen=True, slots=True)
class Task:
    """One file to quantize.

    Attributes
    ----------
    path : Path
    target : Path, optional
        None: the file itself.
    real, real_target : Path, optional
        Absolute paths without links, as they are now; see ``process``.
    problem : str
        Why it cannot be processed, if that is known already.
    """

    path: Path
    target: Path | None = None
    real: Path | None = None
    real_target: Path | None = None
    problem: str = ""


def collect(paths: Iterable[Path], destination: Destination) -> list[Task]:
    """The files to process, in a stable order and each once."""
    tasks: dict[Path, Task] = {}
    for given in paths:
        for task in _tasks(given, destination):
            tasks.setdefault(task.real or task.path, task)
    tasks = _each_once(tasks)
    if destination.next_to_source:
        # A pattern such as *.png finds the results of an earlier run as well.
        results = {task.real_target for task in tasks.values()}
        tasks = {real: task for real, task in tasks.items() if real not in results}
    return _without_clashes(tasks)


def _each_once(tasks: dict[Path, Task]) -> dict[Path, Task]:
    """The tasks without those that name a file a second time, in a different spelling."""
    twice = {
        other
        for alike in alike_in(tasks)
        for first, other in pairwise(alike)
        if are_one_name(first, other) and os.path.lexists(first)
    }
    return {real: task for real, task in tasks.items() if real not in twice}


def _without_clashes(tasks: dict[Path, Task]) -> list[Task]:
    """The tasks, with a problem for those that write a file that another task writes or reads."""
    claimed: dict[Path, Path] = {}
    for real, task in tasks.items():
        aim = task.real_target
        if aim is None or task.problem:
            continue
        other = claimed.setdefault(aim, task.path)
        if other != task.path:
            tasks[real] = replace(
                task, problem=f"{task.target} is already the target of {other}; use another --output"
            )
        elif aim in tasks and aim != real:
            tasks[real] = replace(
                task, problem=f"{task.target} is itself one of the files to quantize; use another --output"
            )
    by_target = {task.real_target: real for real, task in tasks.items() if not task.problem}
    for alike in alike_in(claimed):
        for first, other in pairwise(alike):
            if other in by_target and are_one_name(first, other):
                task = tasks[by_target[other]]
                problem = (
                    f"{task.target} is the same name as the target of {claimed[first]} on this file system; "
                    "quantize it separately"
                )
                tasks[by_target[other]] = replace(task, problem=problem)
    return list(tasks.values())


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False if this cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        # The name is too long, or its folder is not readable; opening it will report that.
        return False


def _tasks(given: Path, destination: Destination) -> Iterator[Task]:
    if not is_folder(given):
        target = _target(given, Path(given.name), destination)
        # A link that is given as a source means the file it leads to.
        real = resolved(given, last=target is not None)
        yield Task(given, target, real, _real_target(target, resolved(given, last=False), destination))
        return
    root_of_all = resolved(given)
    own = os.path.realpath(destination.folder) if destination.folder else None
    unreadable: list[OSError] = []
    for root, folders, names in os.walk(given, onerror=unreadable.append):
        here = Path(root)
        # Skip hidden folders and results; os.walk does not follow links to folders.
        folders[:] = sorted(
            name for name in folders if name[0] != "." and os.path.realpath(here / name) != own
        )
        for name in sorted(names):
            path = here / name
            if _is_wanted(path, destination):
                # Nothing below the given folder is resolved, so no link is followed, whenever it was made.
                inner = path.relative_to(given)
                real = root_of_all / inner
                target = _target(path, inner, destination)
                yield Task(path, target, real, _real_target(target, real, destination))
    for error in unreadable:
        yield Task(Path(error.filename), problem=f"cannot be read: {error.strerror}")


def _real_target(target: Path | None, real: Path, destination: Destination) -> Path | None:
    """The absolute path of a target; ``real`` is that of its source."""
    if target is None:
        return None
    if destination.file is not None:
        return resolved(target)
    if destination.folder is not None:
        return resolved(destination.folder) / target.relative_to(destination.folder)
    return real.with_name(target.name)


def _is_wanted(path: Path, destination: Destination) -> bool:
    # Files given by name may have any name; in folders, only those with a picture's extension count.
    extension = path.suffix.lower()
    known = any(extension in row.extensions for row in FORMATS.values())
    is_hidden = path.name.startswith(".") or is_temporary(path.name)
    if not known or is_hidden or path.is_symlink():
        return False
    # Results of an earlier run are not sources.
    return not (destination.next_to_source and path.stem.endswith(destination.suffix))


def _target(path: Path, inner: Path, destination: Destination) -> Path | None:
    if destination.in_place or destination.file is not None:
        return destination.file
    extension = extension_for(path, destination.format)
    if destination.folder is not None:
        return destination.folder / inner.with_name(inner.stem + extension)
    return path.with_name(path.stem + destination.suffix + extension)


def extension_for(path: Path, option: str) -> str:
    """The extension of a result's name: that of the file if the result's format uses it.

    Parameters
    ----------
    path : Path
        The file.
    option : str
        As ``format`` in ``Policy``.
    """
    if option != SAME:
        name = format_for_option(option)
    else:
        found = format_of(_head(path))
        name = found if found is not None and FORMATS[found].kinds else DEFAULT_FORMAT
    if format_for_extension(path.suffix) == name:
        return path.suffix
    return FORMATS[name].extensions[0]


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        # Reading the file later will report the error.
        return b""
