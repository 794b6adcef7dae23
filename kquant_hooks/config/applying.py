"""Which options hold for a file, and where each of them comes from."""

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
class Applied:
    """What holds for a file.

    Attributes
    ----------
    settings : Settings
    policy : Policy
    skip : bool
        Whether it is to be left alone.
    path : Path, optional
        The configuration file; None where there is none.
    rule : str, optional
        The place of the rule and its globs; None where none matches.
    sources : mapping
        For each option that is given: the place of its value, such as ``"$.rules[0].colors"`` or
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
        """Who says that it is to be left alone."""
        return f"{self.path}: {self.sources['skip']} says so"


def nearest(folder: Path) -> Path | None:
    """The configuration of a folder: its own, or that of the next one above it that has one."""
    for above in (folder, *folder.parents):
        candidate = above / FILE_NAME
        if os.path.lexists(candidate):
            return candidate
        misnamed = candidate.with_suffix(".yml")
        if os.path.lexists(misnamed):
            raise ValueError(f"{_from_here(misnamed)} is not read; call it {FILE_NAME}")
        if os.path.lexists(above / ".git"):
            return None
    return None


def configuration(folder: Path, chosen: Path | None = None) -> Config | None:
    """What holds in a folder, if anything does; ConfigError if the configuration cannot be used."""
    path = chosen or nearest(folder.absolute())
    if path is None:
        return None
    from kquant_hooks.config.document import load

    return load(_from_here(path), given=chosen is not None)


def appliers(
    flags: Mapping[str, Any],
    chosen: Path | None = None,
    base: Mapping[str, Any] | None = None,
    home: Path | None = None,
    config: Config | None = None,
) -> Callable[[Path], Applied]:
    """A function that tells what holds for a file; configurations are read once.

    Parameters
    ----------
    flags : mapping
        Options by name that have the say over any file.
    chosen : Path, optional
        The configuration file, with globs from the current folder on; None: the nearest ``.kquant.yaml`` in
        the folders above a file, up to the root of its repository, with globs from that one's folder on.
    base : mapping, optional
        Options that have other defaults than usual.
    home : Path, optional
        The configuration of this folder is that of all files.
    config : Config, optional
        What the configuration of all files says, where it was read already.

    Raises
    ------
    ConfigError
        From the function, if a configuration cannot be used.
    ValueError
        From the function, if the flags cannot.
    OSError
        From the function, if the current folder is gone.
    """
    # Of a folder that is watched, it is that of the start.
    for_all = chosen or (nearest(home) if home else None)
    # Globs go on from there, even if it is removed while a daemon runs.
    here = Path.cwd() if chosen else None

    @cache
    def located(folder: str) -> tuple[Path | None, str]:
        """The configuration of a folder, and where the folder is as its globs see it."""
        # Not resolved, as a link is judged by where it is.
        full = os.path.abspath(folder)  # noqa: PTH100
        path = for_all if chosen or home else nearest(Path(full))
        if path is None:
            return None, ""
        inner = os.path.relpath(full, here or path.parent).replace(os.sep, "/")
        return path, "" if inner == "." else f"{inner}/"

    @cache
    def loaded(path: Path) -> Config:
        if config is not None and path == for_all:
            return config
        # Files without a configuration are judged without a parser for it.
        from kquant_hooks.config.document import load

        return load(_from_here(path), given=chosen is not None)

    @cache
    def applied(path: Path | None, rule: int | None) -> Applied:
        layers: list[tuple[str, Mapping[str, Any]]] = [("--", flags)]
        name = None
        if path is not None and rule is not None:
            found = loaded(path).rules[rule]
            layers.insert(0, (f"$.rules[{rule}].", found.values))
            name = f"$.rules[{rule}] for {', '.join(found.files)}"
        if path is not None:
            layers.insert(0, ("$.", loaded(path).values))
        return _applied(base or {}, layers, path, name)

    def applied_to(file: Path) -> Applied:
        folder, name = os.path.split(file)
        path, inner = located(folder)
        if path is None:
            return applied(None, None)
        rules = enumerate(loaded(path).rules)
        return applied(path, next((index for index, rule in rules if rule.matches(inner + name)), None))

    return applied_to


def _applied(
    base: Mapping[str, Any], layers: list[tuple[str, Mapping[str, Any]]], path: Path | None, rule: str | None
) -> Applied:
    values = dict(base)
    sources: dict[str, str] = {}
    for place, given in layers:
        values = merged_options(values, given)
        sources |= {name: place + dashed(name) for name in given}
    settings, policy = settings_and_policy(values)
    sources = {name: source for name, source in sources.items() if name in values}
    return Applied(settings, policy, values.get("skip", False), path and _from_here(path), rule, sources)


def _from_here(path: Path) -> Path:
    """A path as one would type it in the current folder."""
    try:
        return Path(os.path.relpath(path))
    except (ValueError, OSError):
        # It is on another drive, or the current folder is gone.
        return path
