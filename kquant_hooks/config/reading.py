"""Reads the YAML of ``.kquant.yaml`` as plain values; refuses anything that is easily misread."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from kquant_hooks.disk.reading import OutsideError, read_regular

_MAX_BYTES = 1 << 18
# Far more values than 1000 rules and some palettes have, and more levels than a configuration has.
_MAX_VALUES, _MAX_LEVELS = 20_000, 10
# The start of a value that is a glob or a colour without quotes.
_UNQUOTED = re.compile(r"(?:[:,\[]\s*|^\s*-\s+)(?:[*!#]|\{[^}]*\}\S|\[[^]]*\]\S)")
_MAX_VALUE_LENGTH = 60
_MAX_LINE_LENGTH = 1000


class ConfigError(ValueError):
    """A configuration cannot be used; the message says where, what was expected and what was found."""


def read_yaml(path: Path, within: Path | None = None) -> object:
    """The content of a configuration file; raises ConfigError without the file's name.

    Parameters
    ----------
    path : Path
    within : Path, optional
        A folder that the file must be in, after links are resolved.
    """
    return _parsed(_read(path, within))


def shown(value: object) -> str:
    """A value for a message, shortened if it is long."""
    if isinstance(value, list | dict):
        # Its text may be extremely long: aliases may repeat its parts.
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "..."


def refuse(place: str, expected: str, value: object, way_out: str = "") -> NoReturn:
    """Raise an error that says what was expected at a place, and what was found."""
    raise ConfigError(f"{place}: expected {expected}, got {shown(value)}{way_out}")


def _read(path: Path, within: Path | None) -> bytes:
    try:
        data = read_regular(path, _MAX_BYTES, within)
    except OutsideError:
        raise ConfigError(f"it links to a file outside of {within}; use --config for that") from None
    except FileNotFoundError:
        is_link = os.path.lexists(path)
        raise ConfigError("it is a broken link" if is_link else "the file does not exist") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"it has more than {_MAX_BYTES} bytes, too many for a configuration")
    return data


class _Loader(yaml.SafeLoader):
    """Stricter than YAML, so that nothing is misread and small files stay small.

    It refuses duplicate keys, of which the last would win silently; merge keys, which turn a few lines into
    gigabytes; and tags. It reads only the numbers that options need: YAML 1.1 reads ``1:30`` as 90 and
    ``010`` as 8.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._depth = self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        self._count += 1
        if self._count > _MAX_VALUES:
            raise _yaml_error(
                f"there are more than {_MAX_VALUES} values, too many for a configuration", event
            )
        if self._depth == _MAX_LEVELS:
            raise _yaml_error("lists or mappings are nested too deeply", event)
        if getattr(event, "tag", None) is not None:
            raise _yaml_error("tags, which begin with '!', are not supported", event)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == f"{_TAG}merge":
                raise _yaml_error("'<<' is not supported; write the options out", key)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  PyYAML's signature
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _yaml_error(f"{shown(key.value)} is given twice", key)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# Everything else is text, including very long numbers, which are slow to parse.
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


def _yaml_error(problem: str, where: Any) -> yaml.MarkedYAMLError:
    """An error at the place of an event or a node."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _parsed(data: bytes) -> object:
    try:
        loader = _Loader(data)
        try:
            return loader.get_single_data()
        except (ValueError, OverflowError):
            # PyYAML does not catch Python's errors about ``\U`` escapes whose numbers are too large.
            problem = "an escape such as '\\Uffffffff' stands for no character"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=loader.get_mark()) from None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise ConfigError(f"{place}{error.problem or error.context}{_quotes_hint(data, mark)}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {' '.join(str(error).split())}") from None


def _quotes_hint(data: bytes, mark: yaml.Mark | None) -> str:
    """A hint about a line like ``files: *.png``, here or in the line before, if the parser failed later."""
    lines = data.decode("utf-8", "replace").splitlines()
    near = [] if mark is None else [line[:_MAX_LINE_LENGTH] for line in lines[max(0, mark.line - 1) :][:2]]
    if any(_UNQUOTED.search(line) for line in near):
        return "; globs and colours that begin with *, {, [, ! or # need quotes"
    return ""
