"""What holds for a file, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kquant_hooks.config.applying import FILE_NAME, Applied
from kquant_hooks.config.document import FILE_OPTIONS
from kquant_hooks.options.option import dashed
from kquant_hooks.options.policy import AUTO, POLICY_OPTIONS
from kquant_hooks.options.settings import OPTIONS
from kquant_hooks.options.watch import WATCH_OPTIONS
from kquant_hooks.palettes.palette import Palette

_MOST_COLORS = 4


def explanation(file: Path, applied: Applied) -> Iterator[str]:
    """The configuration, the rule, and each option with its value and where that comes from."""
    yield str(file)
    yield f"  configuration: {applied.path or f'none; there is no {FILE_NAME} in a folder above'}"
    if applied.path is not None:
        yield f"  rule: {applied.rule or 'none matches'}"
    values = {name: getattr(applied.settings, name) for name in OPTIONS}
    values |= {name: getattr(applied.policy, name) for name in POLICY_OPTIONS}
    values["skip"] = applied.skip
    if applied.policy.auto_colors:
        values["colors"] = AUTO
    words = {name: in_words(name, value) for name, value in values.items()}
    names, width = max(map(len, words)), max(map(len, words.values()))
    for name, word in words.items():
        yield f"  {dashed(name):<{names}}  {word:<{width}}  {applied.sources.get(name, 'default')}"


def in_words(name: str, value: object) -> str:
    """The value of an option, for people."""
    if isinstance(value, Palette):
        more = f" and {len(value) - _MOST_COLORS} more" if len(value) > _MOST_COLORS else ""
        return ", ".join(value.hex()[:_MOST_COLORS]) + more
    if value == AUTO:
        return AUTO
    return (FILE_OPTIONS | WATCH_OPTIONS)[name].show(value)
