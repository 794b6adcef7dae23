"""A fingerprint of the settings that a result depends on, the same in all versions of kquant."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from functools import lru_cache
from typing import Any

from kquant_hooks.config.resolving import Resolved
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.palettes.palette import Palette

# The version of the way in which fingerprints are made.
_VERSION = "1:"
_LENGTH = 32
# The options in fingerprints before these had a version.
_SETTINGS_0 = (
    "palette", "fixed", "init", "effort", "space", "max_iter", "tol", "seed", "order", "dither",
    "dither_strength", "alpha", "keep_hidden_rgb", "threads",
)  # fmt: skip
_POLICY_0 = ("min_savings", "max_error", "min_psnr", "strip", "format", "max_pixels", "auto_colors")
# Defaults that have changed since then.
_DEFAULTS_0 = {"max_pixels": 178_956_970}
_LENGTH_0 = 16


@lru_cache
def fingerprint(settings: Settings, policy: Policy, *, skip: bool = False, limits: bool = False) -> str:
    """The fingerprint of the options that apply to a file.

    Defaults are left out, so that future options change no fingerprint. Limits of time and memory are also
    left out unless ``limits`` is true, as for a file that exceeded one.
    """
    facts: dict[str, Any] = {"skip": True} if skip else {}
    for values in (settings, policy):
        for name in _changed(values, limits=limits):
            facts[name] = _plain(getattr(values, name))
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return _VERSION + hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def fingerprint_of(resolved: Resolved, *, limits: bool = False) -> str:
    """The fingerprint of the options that apply to a file."""
    return fingerprint(resolved.settings, resolved.policy, skip=resolved.skip, limits=limits)


def is_first_fingerprint(value: str, settings: Settings, policy: Policy, *, skip: bool = False) -> bool:
    """Whether a fingerprint without a version is that of the options that apply to a file."""
    options = {*_changed(settings, limits=False), *_changed(policy, limits=False)}
    if not options <= {"colors", *_SETTINGS_0, *_POLICY_0}:
        # Other options did not exist then.
        return False
    chosen = _changed(settings, limits=True)
    shown = ["colors", *(name for name in _SETTINGS_0 if name in chosen)]
    text = " ".join(
        f"{kind}({', '.join(f'{name}={_value_0(values, name)!r}' for name in names)})"
        for kind, values, names in (("Settings", settings, shown), ("Policy", policy, _POLICY_0))
    )
    return value == hashlib.sha256(f"{text} {skip}".encode()).hexdigest()[:_LENGTH_0]


def _value_0(values: Settings | Policy, name: str) -> object:
    value: object = getattr(values, name)
    return value if name in _changed(values, limits=True) else _DEFAULTS_0.get(name, value)


def _changed(values: Settings | Policy, *, limits: bool) -> list[str]:
    return [
        entry.name
        for entry in fields(values)
        if getattr(values, entry.name) != entry.default
        and (limits or not ("option" in entry.metadata and entry.metadata["option"].limit))
    ]


def _plain(value: object) -> object:
    """A value for JSON: colours without their names, which change no result; 1.0 as 1."""
    if isinstance(value, Palette):
        return value.hex()
    return int(value) if isinstance(value, float) and value.is_integer() else value
