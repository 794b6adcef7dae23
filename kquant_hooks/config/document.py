"""Reads and checks ``.kquant.yaml``: a mistake is reported in one line that says where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from kquant_hooks.config.globs import MAX_GLOBS, Glob, globs_in, matches
from kquant_hooks.config.palettes import LoadPalette, palette_at, palette_loader, repository_of
from kquant_hooks.config.reading import ConfigError, read_yaml, refuse, shown
from kquant_hooks.options.kinds import Flag, PaletteValue
from kquant_hooks.options.option import Option, dashed, nearest_in
from kquant_hooks.options.policy import AUTO, POLICY_OPTIONS, merged_options, settings_and_policy
from kquant_hooks.options.settings import OPTIONS

# Options of rules, and of the top level, which applies if no rule matches.
FILE_OPTIONS: dict[str, Option] = {
    **OPTIONS,
    **POLICY_OPTIONS,
    "skip": Option(Flag(), "leave these files alone"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Options for some files.

    Attributes
    ----------
    files : tuple of str
        Globs as they are written.
    globs : tuple of Glob
        The same, compiled.
    values : mapping
        Options by name.
    """

    files: tuple[str, ...]
    globs: tuple[Glob, ...]
    values: Mapping[str, Any]

    def matches(self, path: str) -> bool:
        """Whether the rule matches a path, relative to the configuration's folder and with ``/``."""
        parts = path.split("/")
        # Globs cannot match a path outside the folder.
        return ".." not in parts and any(matches(glob, parts) for glob in self.globs)


@dataclass(frozen=True, slots=True, eq=False)
class Config:
    """A configuration file.

    Attributes
    ----------
    values : mapping
        Options for all files, by name.
    rules : tuple of Rule
        The first one that matches a file wins.
    watch : mapping
        Options of the daemon by name, for ``Watch``.
    """

    values: Mapping[str, Any]
    rules: tuple[Rule, ...]
    watch: Mapping[str, Any]


def load(path: Path, *, given: bool = False) -> Config:
    """Read a configuration.

    Parameters
    ----------
    path : Path
    given : bool
        Whether the user named the file. A configuration that was found must be in its repository, after links
        are resolved. Its palettes must always be in the repository: the author of a configuration may have
        no right to read other files.

    Raises
    ------
    ConfigError
    """
    root = repository_of(path.parent)
    try:
        config = _config(read_yaml(path, None if given else root), palette_loader(path.parent, root))
        _check_together("$", config.values)
        for index, rule in enumerate(config.rules):
            _check_together(f"$.rules[{index}]", merged_options(config.values, rule.values))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return config


def _config(content: object, load_palette: LoadPalette) -> Config:
    top = _mapping("$", {} if content is None else content)
    options = {key: value for key, value in top.items() if key not in ("rules", "watch")}
    rules = [] if top.get("rules") is None else top["rules"]
    if not isinstance(rules, list):
        refuse("$.rules", "a list of rules", rules)
    return Config(
        _values("$", options, FILE_OPTIONS, load_palette, ("rules", "watch")),
        tuple(_rules(rules, load_palette)),
        _watch(top.get("watch"), load_palette),
    )


def _watch(content: object, load_palette: LoadPalette) -> dict[str, Any]:
    if content is None:
        return {}
    # Loaded late: a hook does not need it.
    from kquant_hooks.options.watch import WATCH_OPTIONS

    return _values("$.watch", _mapping("$.watch", content), WATCH_OPTIONS, load_palette)


def _rules(contents: list[object], load_palette: LoadPalette) -> Iterator[Rule]:
    count = 0
    for index, content in enumerate(contents):
        place = f"$.rules[{index}]"
        rule = _rule(place, content, load_palette)
        # Aliases and braces turn a few bytes into many globs.
        count += max(1, len(rule.globs))
        if count > MAX_GLOBS:
            raise ConfigError(f"{place}: the rules have more than {MAX_GLOBS} globs in total")
        yield rule


def _rule(place: str, content: object, load_palette: LoadPalette) -> Rule:
    rule = _mapping(place, content)
    if "files" not in rule:
        raise ConfigError(f"{place}: 'files' is missing; give a glob such as 'sprites/**'")
    files = rule["files"] if isinstance(rule["files"], list) else [rule["files"]]
    if not files:
        raise ConfigError(f"{place}.files: the list is empty; give a glob such as 'sprites/**'")
    found = chain.from_iterable(_globs(f"{place}.files", pattern) for pattern in files)
    globs = tuple(islice(found, MAX_GLOBS + 1))
    options = {key: value for key, value in rule.items() if key != "files"}
    return Rule(tuple(files), globs, _values(place, options, FILE_OPTIONS, load_palette, ("files",)))


def _check_together(place: str, values: Mapping[str, Any]) -> None:
    try:
        settings_and_policy(values)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None


def _globs(place: str, pattern: object) -> Iterator[Glob]:
    if not isinstance(pattern, str) or not pattern:
        refuse(place, "a glob such as 'sprites/**', or a list of them", pattern)
    if "\\" in pattern:
        refuse(place, "folders with '/' between them", pattern)
    if pattern.startswith("!"):
        raise ConfigError(f"{place}: {shown(pattern)} does not exclude files; use an earlier rule instead")
    if {".", ".."} & set(pattern.split("/")):
        refuse(place, "a path relative to the configuration's folder, without '.' and '..'", pattern)
    try:
        return globs_in(pattern)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None


def _mapping(place: str, content: object) -> dict[Any, Any]:
    if not isinstance(content, dict):
        refuse(place, "a mapping of options to values", content)
    return content


def _values(
    place: str,
    content: dict[Any, Any],
    options: Mapping[str, Option],
    load_palette: LoadPalette,
    others: tuple[str, ...] = (),
) -> dict[str, Any]:
    known = {dashed(name): name for name in options}
    values = {}
    for key, value in content.items():
        if key not in known:
            close = nearest_in(dashed(str(key).lower()), [*known, *others])
            raise ConfigError(f"{place}: there is no option {shown(key)}{close}")
        values[known[key]] = _value(f"{place}.{key}", known[key], options[known[key]], value, load_palette)
    return values


def _value(place: str, name: str, option: Option, value: object, load_palette: LoadPalette) -> Any:
    if name == "colors" and value == AUTO:
        return value
    if isinstance(option.kind, PaletteValue) and value is not None:
        return palette_at(place, value, load_palette)
    try:
        return option.check(name, value)
    except ValueError:
        refuse(place, option.accepts("null"), value)
