"""The YAML of a ``.kquant.yaml`` as plain values; what could be read otherwise than meant is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1 << 20
# What a glob or colour without quotes begins with, where a value begins.
_UNQUOTED = re.compile(r"(?:[:,\[]\s*|^\s*-\s+)(?:[*!#]|\{[^}]*\}\S|\[[^]]*\]\S)")
_LONGEST_VALUE = 60


class ConfigError(ValueError):
    """A configuration that cannot be used; one line says where, what was expected, and what is there."""


def content_of(path: Path) -> object:
    """What a configuration file holds; raises ConfigError without the file's name."""
    return _parsed(_read(path))


def shown(value: object) -> str:
    """A value in a message: no longer than one can read."""
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
            problem = f"{shown(node.value)} is no {kind}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  as it is called
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"{shown(key.value)} is given twice"
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
