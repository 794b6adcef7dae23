"""From the paths that a user gives to the files to quantize and the files to write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kquant_hooks.assets.atomic import PREFIX
from kquant_hooks.images.sniff import SUFFIXES, container_for_suffix, container_of

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
    tasks: dict[Path, Task] = {}
    claimed: dict[Path, Path] = {}
    for given in paths:
        for path, inner in _files(given, destination):
            if path in tasks:
                continue
            task = Task(path, _target(path, inner, destination))
            if task.target is not None:
                other = claimed.setdefault(task.target, path)
                if other != path:
                    task = replace(task, problem=f"{task.target} is already the target of {other}")
            tasks[path] = task
    return list(tasks.values())


def _files(given: Path, destination: Destination) -> Iterator[tuple[Path, Path]]:
    """Each file with its place in the folder that was given."""
    if not given.is_dir():
        yield given, Path(given.name)
        return
    own = destination.folder.resolve() if destination.folder else None
    for root, folders, names in os.walk(given):
        here = Path(root)
        # Not into hidden folders, nor into results; links to folders are not followed.
        folders[:] = sorted(name for name in folders if name[0] != "." and (here / name).resolve() != own)
        for name in sorted(names):
            path = here / name
            if _is_wanted(path, destination):
                yield path, path.relative_to(given)


def _is_wanted(path: Path, destination: Destination) -> bool:
    if path.name.startswith((".", PREFIX)) or path.suffix.lower() not in _WANTED or path.is_symlink():
        return False
    # Results of an earlier run are no sources.
    beside = not (destination.in_place or destination.file or destination.folder)
    return not (beside and path.stem.endswith(destination.suffix))


def _target(path: Path, inner: Path, destination: Destination) -> Path | None:
    if destination.in_place or destination.file is not None:
        return destination.file
    ending = _ending(path, destination)
    if destination.folder is not None:
        return destination.folder / inner.with_name(inner.stem + ending)
    return path.with_name(path.stem + destination.suffix + ending)


def _ending(path: Path, destination: Destination) -> str:
    """The ending of a result's name: the file's own where that says what the result will be."""
    if destination.format != "same":
        container = next(name for name in SUFFIXES if name.lower() == destination.format)
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
