"""Explains which options apply to a file, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kquant_hooks.config.document import FILE_OPTIONS
from kquant_hooks.config.resolving import FILE_NAME, Resolved
from kquant_hooks.options.option import dashed
from kquant_hooks.options.policy import AUTO, POLICY_OPTIONS
from kquant_hooks.options.settings import OPTIONS
from kquant_hooks.options.watch import WATCH_OPTIONS
from kquant_hooks.palettes.palette import Palette

_MAX_COLORS_SHOWN = 4


def explanation(file: Path, resolved: Resolved) -> Iterator[str]:
    """The configuration, the rule, and each option with its value and the source of the value."""
    yield str(file)
    yield f"  configuration: {resolved.path or f'none; there is no {FILE_NAME} in a folder above'}"
    if resolved.path is not None:
        yield f"  rule: {resolved.rule or 'none matches'}"
    values = {name: getattr(resolved.settings, name) for name in OPTIONS}
    values |= {name: getattr(resolved.policy, name) for name in POLICY_OPTIONS}
    values["skip"] = resolved.skip
    if resolved.policy.auto_colors:
        values["colors"] = AUTO
    texts = {name: value_text(name, value) for name, value in values.items()}
    names, width = max(map(len, texts)), max(map(len, texts.values()))
    for name, text in texts.items():
        yield f"  {dashed(name):<{names}}  {text:<{width}}  {resolved.sources.get(name, 'default')}"


def value_text(name: str, value: object) -> str:
    """The value of an option, as text."""
    if isinstance(value, Palette):
        more = f" and {len(value) - _MAX_COLORS_SHOWN} more" if len(value) > _MAX_COLORS_SHOWN else ""
        return ", ".join(value.hex()[:_MAX_COLORS_SHOWN]) + more
    if value == AUTO:
        return AUTO
    return (FILE_OPTIONS | WATCH_OPTIONS)[name].show(value)
