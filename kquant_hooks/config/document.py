"""A ``.kquant.yaml`` read and checked: every mistake is one line with the place where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from wcmatch import glob

from kquant_hooks.assets.policy import AUTO, POLICY_OPTIONS, overlaid, recipe
from kquant_hooks.config.reading import ConfigError, content_of, shown
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.palettes.swatch import hex_colors_in
from kquant_hooks.quantizer.options import Option, dashed
from kquant_hooks.quantizer.settings import OPTIONS

# Of a rule, and of what holds without one.
FILE_OPTIONS: dict[str, Option] = {
    **OPTIONS,
    **POLICY_OPTIONS,
    "skip": Option("flag", "leave these files alone"),
}
_PALETTE = "a palette file, a list of hex colours such as ['#ff8000'], or null"
_GLOBS = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.FORCEUNIX


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Options for some files.

    Attributes
    ----------
    files : tuple of str
        Globs, as they are written.
    matches : callable
        Whether a path below the configuration's folder, with ``/``, is one of them.
    values : mapping
        Options by name.
    """

    files: tuple[str, ...]
    matches: Callable[[str], bool]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Config:
    """What a configuration file says.

    Attributes
    ----------
    values : mapping
        Options of all files, by name.
    rules : tuple of Rule
        The first that matches a file has the say.
    watch : mapping
        Options of the daemon by name, for ``Watch``.
    """

    values: Mapping[str, Any]
    rules: tuple[Rule, ...]
    watch: Mapping[str, Any]


def load(path: Path) -> Config:
    """Read a configuration; raises ConfigError."""
    try:
        config = _config(content_of(path), path.parent)
        _check_together("$", config.values)
        for index, rule in enumerate(config.rules):
            _check_together(f"$.rules[{index}]", overlaid(config.values, rule.values))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return config


def _config(content: object, folder: Path) -> Config:
    top = _mapping("$", {} if content is None else content)
    options = {key: value for key, value in top.items() if key not in ("rules", "watch")}
    rules = [] if top.get("rules") is None else top["rules"]
    if not isinstance(rules, list):
        _refuse("$.rules", "a list of rules", rules)
    return Config(
        _values("$", options, FILE_OPTIONS, folder, ("rules", "watch")),
        tuple(_rule(f"$.rules[{index}]", rule, folder) for index, rule in enumerate(rules)),
        _watch(top.get("watch"), folder),
    )


def _watch(content: object, folder: Path) -> dict[str, Any]:
    if content is None:
        return {}
    # A hook has no need of it.
    from kquant_hooks.config.watch import WATCH_OPTIONS

    return _values("$.watch", _mapping("$.watch", content), WATCH_OPTIONS, folder)


def _rule(place: str, content: object, folder: Path) -> Rule:
    rule = _mapping(place, content)
    if "files" not in rule:
        raise ConfigError(f"{place}: 'files' is missing; give a glob such as 'sprites/**'")
    files = rule["files"] if isinstance(rule["files"], list) else [rule["files"]]
    if not files:
        raise ConfigError(f"{place}.files: the list is empty; give a glob such as 'sprites/**'")
    patterns = [_pattern(f"{place}.files", pattern) for pattern in files]
    try:
        matches = glob.compile(patterns, flags=_GLOBS).match
    except Exception as error:  # noqa: BLE001  what it raises for braces without end has no public name
        raise ConfigError(f"{place}.files: {error}") from None
    options = {key: value for key, value in rule.items() if key != "files"}
    return Rule(tuple(files), matches, _values(place, options, FILE_OPTIONS, folder, ("files",)))


def _check_together(place: str, values: Mapping[str, Any]) -> None:
    try:
        recipe(values)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None


def _pattern(place: str, pattern: object) -> str:
    """A glob as wcmatch wants it: a name without folders is looked for in all of them."""
    if not isinstance(pattern, str) or not pattern:
        _refuse(place, "a glob such as 'sprites/**', or a list of them", pattern)
    if "\\" in pattern:
        _refuse(place, "folders with '/' between them", pattern)
    if pattern.startswith("!"):
        raise ConfigError(f"{place}: {pattern!r} excludes nothing; a rule that comes earlier does")
    if {".", ".."} & set(pattern.split("/")):
        _refuse(place, "a path from the folder of the configuration on, without '.' and '..'", pattern)
    if "/" not in pattern:
        return f"**/{pattern}"
    return pattern.removeprefix("/") + "**" * pattern.endswith("/")


def _mapping(place: str, content: object) -> dict[Any, Any]:
    if not isinstance(content, dict):
        _refuse(place, "a mapping of options to values", content)
    return content


def _values(
    place: str,
    content: dict[Any, Any],
    options: Mapping[str, Option],
    folder: Path,
    others: tuple[str, ...] = (),
) -> dict[str, Any]:
    known = {dashed(name): name for name in options}
    values = {}
    for key, value in content.items():
        if key not in known:
            raise ConfigError(f"{place}: there is no option {shown(key)}{_hint(str(key), [*known, *others])}")
        values[known[key]] = _value(f"{place}.{key}", known[key], options[known[key]], value, folder)
    return values


def _hint(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key.lower().replace("_", "-"), known, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}"


def _value(place: str, name: str, option: Option, value: object, folder: Path) -> Any:
    if name == "colors" and value == AUTO:
        return value
    if option.kind == "palette" and value is not None:
        return _palette(place, value, folder)
    try:
        return option.check(name, value)
    except ValueError:
        _refuse(place, option.accepts().replace("None", "null"), value)


def _palette(place: str, value: object, folder: Path) -> Palette:
    if isinstance(value, str):
        value = hex_colors_in(value) or value
    if isinstance(value, str):
        try:
            # Not where the hook or the daemon happens to run.
            return Palette.load(folder / value)
        except OSError as error:
            _refuse(place, _PALETTE, value, f": {error.strerror or error}")
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    if not isinstance(value, list):
        _refuse(place, _PALETTE, value)
    for index, color in enumerate(value):
        try:
            Palette([color if isinstance(color, str) else ""])
        except ValueError:
            quotes = "" if isinstance(color, str) else "; it needs quotes"
            _refuse(f"{place}[{index}]", "a hex colour such as '#ff8000'", color, quotes)
    try:
        return Palette(value)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from None


def _refuse(place: str, expected: str, value: object, way_out: str = "") -> NoReturn:
    raise ConfigError(f"{place}: expected {expected}, got {shown(value)}{way_out}")
