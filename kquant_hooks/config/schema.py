"""The JSON schema of ``.kquant.yaml`` for editors, made from the lists of options that check the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kquant_hooks.config.document import FILE_OPTIONS
from kquant_hooks.options.option import Option, dashed, defaults_of
from kquant_hooks.options.policy import AUTO, Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.options.watch import WATCH_OPTIONS, Watch

_DEFAULTS = {**defaults_of(Settings), **defaults_of(Policy), **defaults_of(Watch), "skip": False}


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    options = _properties(FILE_OPTIONS)
    globs = {"type": "string", "minLength": 1}
    files = {
        "description": "globs relative to this file's folder; a name without '/' matches in all folders",
        "anyOf": [globs, {"type": "array", "items": globs, "minItems": 1}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".kquant.yaml",
        "description": "which images are reduced to which palettes",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            **options,
            "rules": {
                "description": "options for some files; the first matching rule wins",
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["files"],
                    "properties": {"files": files, **options},
                },
            },
            "watch": {
                "description": "how 'kquant watch' picks up files",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": _properties(WATCH_OPTIONS),
            },
        },
    }


def _properties(options: Mapping[str, Option]) -> dict[str, Any]:
    return {dashed(name): _property(name, option) for name, option in options.items()}


def _property(name: str, option: Option) -> dict[str, Any]:
    kinds = option.kind.schema()
    if name == "colors":
        kinds.append({"const": AUTO})
    if option.optional:
        kinds.append({"type": "null"})
    accepted = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return {"description": option.describe().replace("None", "null"), "default": _DEFAULTS[name], **accepted}
