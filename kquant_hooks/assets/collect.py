"""From the paths that a user gives to the files to quantize and the files to write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kquant_hooks.atomic import PREFIX
from kquant_hooks.images.sniff import SUFFIXES, container_for_format, container_for_suffix, container_of

# What is looked for in folders; files that are given by name may be called anything.
_ONLY_READ = {".jpg", ".jpeg", ".jpe", ".jfif", ".avif", ".avifs", ".jp2", ".j2k", ".tga", ".pcx", ".qoi"}
_WANTED = _ONLY_READ | {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results go.

    Attributes
    ----------
    in_place : bool
        Into the files themselves.
    file, folder : Path, optional
        Into this file; into this folder, with the tree of the folders that were given.
    suffix : str
        Else beside each file, with this before the ending.
    format : str
        As in ``Policy``.
    """

    in_place: bool = False
    file: Path | None = None
    folder: Path | None = None
    suffix: str = ".kq"
    format: str = "same"

    @property
    def beside(self) -> bool:
        """Whether each result goes beside its source."""
        return not (self.in_place or self.file or self.folder)


@dataclass(frozen=True, slots=True)
class Task:
    """One file to quantize.

    Attributes
    ----------
    path : Path
    target : Path, optional
        None: the file itself.
    problem : str
        Why it cannot be done, if that is known already.
    """

    path: Path
    target: Path | None = None
    problem: str = ""


def collect(paths: Iterable[Path], destination: Destination) -> list[Task]:
    """The files to work on, in a stable order and each once."""
    tasks: dict[str, Task] = {}
    for given in paths:
        for task in _tasks(given, destination):
            tasks.setdefault(_identity(task.path), task)
    if destination.beside:
        # A pattern such as *.png finds the results of an earlier run as well.
        results = {_identity(task.target) for task in tasks.values() if task.target is not None}
        tasks = {identity: task for identity, task in tasks.items() if identity not in results}
    claimed: dict[str, Path] = {}
    for identity, task in tasks.items():
        if task.target is None or task.problem:
            continue
        aim = _identity(task.target)
        other = claimed.setdefault(aim, task.path)
        if other != task.path:
            tasks[identity] = replace(task, problem=f"{task.target} is already the target of {other}")
        elif aim in tasks and aim != identity:
            tasks[identity] = replace(task, problem=f"{task.target} is itself one of the files to quantize")
    return list(tasks.values())


def is_folder(path: Path) -> bool:
    """Whether it is one, as far as that can be found out."""
    try:
        return path.is_dir()
    except OSError:
        # Too long a name, or one in a folder that may not be read: whoever opens it says so.
        return False


def _identity(path: Path) -> str:
    """The same for every way to write a path; of a link, not of what it leads to."""
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118  Path would resolve '..' anew


def _tasks(given: Path, destination: Destination) -> Iterator[Task]:
    if not is_folder(given):
        yield Task(given, _target(given, Path(given.name), destination))
        return
    own = os.path.realpath(destination.folder) if destination.folder else None
    unreadable: list[OSError] = []
    for root, folders, names in os.walk(given, onerror=unreadable.append):
        here = Path(root)
        # Not into hidden folders, nor into results; links to folders are not followed.
        folders[:] = sorted(
            name for name in folders if name[0] != "." and os.path.realpath(here / name) != own
        )
        for name in sorted(names):
            path = here / name
            if _is_wanted(path, destination):
                yield Task(path, _target(path, path.relative_to(given), destination))
    for error in unreadable:
        yield Task(Path(error.filename), problem=f"cannot be read: {error.strerror}")


def _is_wanted(path: Path, destination: Destination) -> bool:
    if path.name.startswith((".", PREFIX)) or path.suffix.lower() not in _WANTED or path.is_symlink():
        return False
    # Results of an earlier run are no sources.
    return not (destination.beside and path.stem.endswith(destination.suffix))


def _target(path: Path, inner: Path, destination: Destination) -> Path | None:
    if destination.in_place or destination.file is not None:
        return destination.file
    ending = ending_for(path, destination.format)
    if destination.folder is not None:
        return destination.folder / inner.with_name(inner.stem + ending)
    return path.with_name(path.stem + destination.suffix + ending)


def ending_for(path: Path, form: str) -> str:
    """The ending of a result's name: the file's own where that says what the result will be."""
    if form != "same":
        container = container_for_format(form)
    else:
        found = container_of(_head(path))
        container = found if found in SUFFIXES else "PNG"
    if container_for_suffix(path.suffix) == container:
        return path.suffix
    return SUFFIXES[container][0]


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        # Whoever reads the file next says what is wrong with it.
        return b""
