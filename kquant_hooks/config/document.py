"""A ``.kquant.yaml`` read and checked: every mistake is one line with the place where it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from wcmatch import glob

from kquant_hooks.assets.policy import AUTO, POLICY_OPTIONS, overlaid, recipe
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.quantizer.options import Option, dashed
from kquant_hooks.quantizer.settings import OPTIONS

# Of a rule, and of what holds without one.
FILE_OPTIONS: dict[str, Option] = {
    **OPTIONS,
    **POLICY_OPTIONS,
    "skip": Option("flag", "leave these files alone"),
}
_GLOBS = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.FORCEUNIX
_MOST_BYTES = 1 << 20
# What a glob or colour without quotes begins with, where a value begins.
_UNQUOTED = re.compile(r"(?:[:,\[]\s*|^\s*-\s+)(?:[*!#]|\{[^}]*\}\S|\[[^]]*\]\S)")
_LONGEST_VALUE = 60


class ConfigError(ValueError):
    """A configuration that cannot be used; one line says where, what was expected, and what is there."""


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
        config = _config(_parsed(_read(path)))
        _check_together("$", config.values)
        for index, rule in enumerate(config.rules):
            _check_together(f"$.rules[{index}]", overlaid(config.values, rule.values))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return config


def _read(path: Path) -> bytes:
    try:
        if not os.path.lexists(path):
            raise ConfigError("there is no such file")
        if not path.is_file():
            raise ConfigError("it is no regular file")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"it has more than {_MOST_BYTES} bytes, which is no configuration")
    return data


class _Loader(yaml.SafeLoader):
    """Stricter than YAML: no key twice, of which the last would win in silence, and no merging.

    Merged mappings can be merged again, so that a few lines make gigabytes.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                problem = "'<<' is not supported; write the options out"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  as it is called
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError) as error:
            # PyYAML lets out what its constructors meet in text that is no date or number.
            kind = node.tag.rpartition(":")[2]
            problem = f"{_shown(node.value)} is no {kind}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  as it is called
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"{_shown(key.value)} is given twice"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# Numbers such as 1e-3, which YAML 1.2 and editors know and PyYAML does not.
_FLOAT = re.compile(r"[-+]?\d+[eE][-+]?\d+")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))


def _parsed(data: bytes) -> object:
    try:
        loader = _Loader(data)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{place}{error.problem or error.context}{_quotes_hint(data, mark)}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError("lists or mappings are nested too deeply") from None


def _quotes_hint(data: bytes, mark: yaml.Mark | None) -> str:
    """What to do about a line like ``files: *.png``, or the one before it, where the parser gave up later."""
    lines = data.decode("utf-8", "replace").splitlines()
    near = [] if mark is None else lines[max(0, mark.line - 1) : mark.line + 1]
    if any(_UNQUOTED.search(line) for line in near):
        return "; globs and colours that begin with *, {, [, ! or # need quotes"
    return ""


def _config(content: object) -> Config:
    top = _mapping("$", {} if content is None else content)
    options = {key: value for key, value in top.items() if key not in ("rules", "watch")}
    rules = [] if top.get("rules") is None else top["rules"]
    if not isinstance(rules, list):
        _refuse("$.rules", "a list of rules", rules)
    return Config(
        _values("$", options, FILE_OPTIONS, ("rules", "watch")),
        tuple(_rule(f"$.rules[{index}]", rule) for index, rule in enumerate(rules)),
        _watch(top.get("watch")),
    )


def _watch(content: object) -> dict[str, Any]:
    if content is None:
        return {}
    # A hook has no need of it.
    from kquant_hooks.config.watch import WATCH_OPTIONS

    return _values("$.watch", _mapping("$.watch", content), WATCH_OPTIONS)


def _rule(place: str, content: object) -> Rule:
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
    return Rule(tuple(files), matches, _values(place, options, FILE_OPTIONS, ("files",)))


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
    place: str, content: dict[Any, Any], options: Mapping[str, Option], others: tuple[str, ...] = ()
) -> dict[str, Any]:
    known = {dashed(name): name for name in options}
    values = {}
    for key, value in content.items():
        if key not in known:
            raise ConfigError(
                f"{place}: there is no option {_shown(key)}{_hint(str(key), [*known, *others])}"
            )
        values[known[key]] = _value(f"{place}.{key}", known[key], options[known[key]], value)
    return values


def _hint(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key.lower().replace("_", "-"), known, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}"


def _value(place: str, name: str, option: Option, value: object) -> Any:
    if name == "colors" and value == AUTO:
        return value
    if option.kind == "palette" and value is not None:
        return _palette(place, value)
    try:
        return option.check(name, value)
    except ValueError:
        _refuse(place, option.accepts().replace("None", "null"), value)


def _palette(place: str, value: object) -> Palette:
    if not isinstance(value, list):
        _refuse(place, "a list of hex colours such as ['#ff8000'], or null", value)
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
    raise ConfigError(f"{place}: expected {expected}, got {_shown(value)}{way_out}")


def _shown(value: object) -> str:
    if isinstance(value, list | dict):
        # Its text can be of any length: an alias may stand for it many times.
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        text = repr(value)
    except ValueError:
        return "a number with thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."
