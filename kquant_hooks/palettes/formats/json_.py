"""Colours in ``.json``: a list, an object with a list, or an object of names and colours.

Lospec's API returns ``{"name": ..., "author": ..., "colors": ["1a1c2c", ...]}``; Coolors exports a list of
hex colours, a list of ``{"name": ..., "hex": ..., ...}``, and ``{"Some name": "1a1c2c", ...}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kquant_hooks.palettes.swatch import Swatch, is_hex, parse_hex, to_hex
from kquant_hooks.palettes.text import first_line, text_of

_KEYS = ("hex", "color", "value")


class _Object(NamedTuple):
    """An object as its pairs: several colours may have the same name."""

    pairs: list[tuple[str, Any]]


def matches(data: bytes) -> bool:
    """Whether the bytes are a JSON file."""
    return first_line(data).startswith(("[", "{"))


def read(data: bytes) -> Iterator[Swatch]:
    """The colours of a file; ValueError if it is damaged."""
    try:
        content = json.loads(text_of(data), object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: expected JSON; {error.msg}") from None
    except RecursionError:
        raise ValueError("its lists or objects are nested too deeply; expected a list of colours") from None
    except ValueError:
        raise ValueError("it has a number with thousands of digits; expected a list of colours") from None
    if isinstance(content, _Object):
        named = [_Object([("name", name), ("hex", color)]) for name, color in content.pairs]
        content = dict(content.pairs).get("colors", named)
    if isinstance(content, list):
        return (_swatch(number, entry) for number, entry in enumerate(content, 1))
    raise ValueError(f"expected 'colors' to be a list such as [\"#ff8000\"], got {_kind(content)}")


def _swatch(number: int, entry: Any) -> Swatch:
    name = ""
    color = entry
    if isinstance(entry, _Object):
        values = dict(entry.pairs)
        name = values.get("name", "")
        color = next((values[key] for key in _KEYS if key in values), None)
    if not isinstance(color, str) or not is_hex(color):
        raise ValueError(f"colour {number}: expected a hex colour such as '#ff8000', got {_kind(color)}")
    if name is not None and not isinstance(name, str):
        raise ValueError(f"colour {number}: expected a name in quotes, got {_kind(name)}")
    return Swatch(parse_hex(color), name or "")


def _kind(value: Any) -> str:
    """The type of a value, not its content, as not all JSON files may be quoted."""
    words = {
        list: "a list",
        _Object: "an object",
        str: "other text",
        bool: "true or false",
        type(None): "none",
    }
    return words.get(type(value), "a number")


def write(swatches: Sequence[Swatch], title: str) -> bytes:
    """A file of the colours, with their names if they have any."""
    colors: list[Any] = [to_hex(levels) for levels, _ in swatches]
    if any(name for _, name in swatches):
        colors = [{"name": name, "hex": to_hex(levels)} for levels, name in swatches]
    return (json.dumps({"name": title, "colors": colors}, indent=2, ensure_ascii=False) + "\n").encode()
