"""Resolves the options that apply to a file, and where each of them comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kquant_hooks.options.option import dashed
from kquant_hooks.options.policy import Policy, merged_options, settings_and_policy
from kquant_hooks.options.settings import Settings

if TYPE_CHECKING:
    from kquant_hooks.config.document import Config

FILE_NAME = ".kquant.yaml"


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """The options that apply to a file.

    Attributes
    ----------
    settings : Settings
    policy : Policy
    skip : bool
        Whether to leave the file alone.
    path : Path, optional
        The configuration file; None if there is none.
    rule : str, optional
        The place of the matching rule and its globs; None if none matches.
    sources : mapping
        For each option that is set: the place of its value, such as ``"$.rules[0].colors"`` or
        ``"--colors"``.
    """

    settings: Settings
    policy: Policy
    skip: bool
    path: Path | None
    rule: str | None
    sources: Mapping[str, str]

    @property
    def skip_reason(self) -> str:
        """Which rule or option says to leave the file alone."""
        return f"{self.path}: {self.sources['skip']} is true"


def nearest_config(folder: Path) -> Path | None:
    """The configuration file in a folder or the nearest folder above it, up to the root of the repository."""
    for above in (folder, *folder.parents):
        candidate = above / FILE_NAME
        if os.path.lexists(candidate):
            return candidate
        misnamed = candidate.with_suffix(".yml")
        if os.path.lexists(misnamed):
            raise ValueError(f"{_from_here(misnamed)} is not read; rename it to {FILE_NAME}")
        if os.path.lexists(above / ".git"):
            return None
    return None


def find_config(folder: Path, chosen: Path | None = None) -> Config | None:
    """The configuration of a folder, if it has one; ConfigError if it cannot be used."""
    path = chosen or nearest_config(folder.absolute())
    if path is None:
        return None
    from kquant_hooks.config.document import load

    return load(_from_here(path), given=chosen is not None)


def resolver(
    flags: Mapping[str, Any],
    chosen: Path | None = None,
    base: Mapping[str, Any] | None = None,
    root: Path | None = None,
    config: Config | None = None,
) -> Callable[[Path], Resolved]:
    """A function that returns the options that apply to a file; it reads each configuration once.

    Parameters
    ----------
    flags : mapping
        Options by name; these override every configuration.
    chosen : Path, optional
        The configuration file, with globs relative to the current folder; None: the nearest ``.kquant.yaml``
        in the folders above a file, up to the root of its repository, with globs relative to its folder.
    base : mapping, optional
        Defaults that differ from the usual ones.
    root : Path, optional
        A folder whose configuration applies to all files.
    config : Config, optional
        The configuration of all files, if it was read already.

    Raises
    ------
    ConfigError
        From the function, if a configuration cannot be used.
    ValueError
        From the function, if the flags cannot be used.
    OSError
        From the function, if the current folder is gone.
    """
    # A watched folder keeps the configuration file that was found at the start.
    for_all = chosen or (nearest_config(root) if root else None)
    # Globs stay relative to this folder, even if it is removed while a daemon runs.
    here = Path.cwd() if chosen else None

    @cache
    def located(folder: str) -> tuple[Path | None, str]:
        """The configuration file of a folder, and the folder's path as the globs see it."""
        # Links are not resolved: the place of a link counts, not its target.
        full = os.path.abspath(folder)  # noqa: PTH100
        path = for_all if chosen or root else nearest_config(Path(full))
        if path is None:
            return None, ""
        inner = os.path.relpath(full, here or path.parent).replace(os.sep, "/")
        return path, "" if inner == "." else f"{inner}/"

    @cache
    def loaded(path: Path) -> Config:
        if config is not None and path == for_all:
            return config
        # Loaded late: files without a configuration need no parser.
        from kquant_hooks.config.document import load

        return load(_from_here(path), given=chosen is not None)

    @cache
    def resolved(path: Path | None, rule: int | None) -> Resolved:
        layers: list[tuple[str, Mapping[str, Any]]] = [("--", flags)]
        name = None
        if path is not None and rule is not None:
            found = loaded(path).rules[rule]
            layers.insert(0, (f"$.rules[{rule}].", found.values))
            name = f"$.rules[{rule}] for {', '.join(found.files)}"
        if path is not None:
            layers.insert(0, ("$.", loaded(path).values))
        return _resolved(base or {}, layers, path, name)

    def resolve(file: Path) -> Resolved:
        folder, name = os.path.split(file)
        path, inner = located(folder)
        if path is None:
            return resolved(None, None)
        rules = enumerate(loaded(path).rules)
        return resolved(path, next((index for index, rule in rules if rule.matches(inner + name)), None))

    return resolve


def _resolved(
    base: Mapping[str, Any], layers: list[tuple[str, Mapping[str, Any]]], path: Path | None, rule: str | None
) -> Resolved:
    values = dict(base)
    sources: dict[str, str] = {}
    for place, given in layers:
        values = merged_options(values, given)
        sources |= {name: place + dashed(name) for name in given}
    settings, policy = settings_and_policy(values)
    sources = {name: source for name, source in sources.items() if name in values}
    return Resolved(settings, policy, values.get("skip", False), path and _from_here(path), rule, sources)


def _from_here(path: Path) -> Path:
    """A path relative to the current folder, if possible."""
    try:
        return Path(os.path.relpath(path))
    except (ValueError, OSError):
        # The path is on another drive, or the current folder is gone.
        return path
