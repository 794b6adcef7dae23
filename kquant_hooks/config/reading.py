"""The YAML of a ``.kquant.yaml`` as plain values; what could be read otherwise than meant is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from kquant_hooks.disk.reading import OutsideError, read_regular

_MOST_BYTES = 1 << 18
# Far more than 1000 rules and some palettes have, and more levels than there are.
_MOST_VALUES, _MOST_LEVELS = 20_000, 10
# What a glob or colour without quotes begins with, where a value begins.
_UNQUOTED = re.compile(r"(?:[:,\[]\s*|^\s*-\s+)(?:[*!#]|\{[^}]*\}\S|\[[^]]*\]\S)")
_LONGEST_VALUE = 60
_LONGEST_LINE = 1000


class ConfigError(ValueError):
    """A configuration that cannot be used; one line says where, what was expected, and what is there."""


def content_of(path: Path, within: Path | None = None) -> object:
    """What a configuration file holds; raises ConfigError without the file's name.

    Parameters
    ----------
    path : Path
    within : Path, optional
        A folder that it must lie in, wherever links lead.
    """
    return _parsed(_read(path, within))


def shown(value: object) -> str:
    """A value in a message: no longer than one can read."""
    if isinstance(value, list | dict):
        # Its text can be of any length: an alias may stand for it many times.
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def refuse(place: str, expected: str, value: object, way_out: str = "") -> NoReturn:
    """Say what was expected at a place, and what is there."""
    raise ConfigError(f"{place}: expected {expected}, got {shown(value)}{way_out}")


def _read(path: Path, within: Path | None) -> bytes:
    try:
        data = read_regular(path, _MOST_BYTES, within)
    except OutsideError:
        raise ConfigError(f"it leads out of {within}; give it with --config") from None
    except FileNotFoundError:
        leads = os.path.lexists(path)
        raise ConfigError("it is a link that leads nowhere" if leads else "there is no such file") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"it has more than {_MOST_BYTES} bytes, which is no configuration")
    return data


class _Loader(yaml.SafeLoader):
    """Stricter than YAML, so that nothing is read otherwise than meant, and that a few bytes stay few.

    No key twice, of which the last would win in silence; no merging, which makes gigabytes of a few lines; no
    tags; no numbers but those that options need, where YAML 1.1 takes ``1:30`` for 90 and ``010`` for 8.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._depth = self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        self._count += 1
        if self._count > _MOST_VALUES:
            raise _mistake(f"there are more than {_MOST_VALUES} values, which is no configuration", event)
        if self._depth == _MOST_LEVELS:
            raise _mistake("lists or mappings are nested too deeply", event)
        if getattr(event, "tag", None) is not None:
            raise _mistake("tags, which begin with '!', are not supported", event)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == f"{_TAG}merge":
                raise _mistake("'<<' is not supported; write the options out", key)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  as it is called
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _mistake(f"{shown(key.value)} is given twice", key)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# What is none of these is text. Very long numbers are among that, as they take long to read.
_TAG = "tag:yaml.org,2002:"
_KINDS = {_TAG + kind for kind in ("null", "bool", "merge")}
_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in kinds if tag in _KINDS])
}
_INTEGER = r"[-+]?(?:0|[1-9][0-9_]{0,40})$"
_NUMBER = (
    r"[-+]?(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,40}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?$"
    r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
)
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(_INTEGER), list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(_NUMBER), list("-+.0123456789"))


def _mistake(problem: str, where: Any) -> yaml.MarkedYAMLError:
    """An error at the place of an event or a node."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _parsed(data: bytes) -> object:
    try:
        loader = _Loader(data)
        try:
            return loader.get_single_data()
        except (ValueError, OverflowError):
            # PyYAML lets out what Python says of numbers behind ``\U`` that are too large.
            problem = "an escape such as '\\Uffffffff' stands for no character"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=loader.get_mark()) from None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{place}{error.problem or error.context}{_quotes_hint(data, mark)}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"no YAML: {' '.join(str(error).split())}") from None


def _quotes_hint(data: bytes, mark: yaml.Mark | None) -> str:
    """What to do about a line like ``files: *.png``, or the one before it, where the parser gave up later."""
    lines = data.decode("utf-8", "replace").splitlines()
    near = [] if mark is None else [line[:_LONGEST_LINE] for line in lines[max(0, mark.line - 1) :][:2]]
    if any(_UNQUOTED.search(line) for line in near):
        return "; globs and colours that begin with *, {, [, ! or # need quotes"
    return ""
