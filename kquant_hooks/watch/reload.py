"""Reads the configuration again while the daemon runs, and logs what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kquant_hooks.config.explaining import value_text
from kquant_hooks.options.option import dashed
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.plan import Plan


def reloaded(plan: Plan, log: Log) -> Plan:
    """The plan with the configuration read again; the same plan if the configuration has a mistake."""
    try:
        now = plan.reload()
    except (ValueError, OSError) as error:
        log.write(
            "reread", f"the configuration has a mistake, so the old one stays in use: {error}", level="error"
        )
        return plan
    changes = list(_changes(plan, now))
    text = "; ".join(changes) or "nothing has changed"
    log.write("reread", f"configuration reloaded: {text}", changes=changes)
    return now


def _changes(before: Plan, now: Plan) -> Iterator[str]:
    """The differences between two configurations, each in a few words."""
    for old, new in zip(_values(before), _values(now), strict=True):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name, ...) != new.get(name, ...):
                flag = f", overridden by --{dashed(name)}" if name in now.flags else ""
                yield f"{dashed(name)} {_value_text(name, old)} -> {_value_text(name, new)}{flag}"
    old_rules, new_rules = _rules(before), _rules(now)
    if old_rules != new_rules:
        yield f"rules ({len(old_rules)} -> {len(new_rules)})"


def _values(plan: Plan) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return ({}, {}) if plan.config is None else (plan.config.watch, plan.config.values)


def _rules(plan: Plan) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    return [] if plan.config is None else [(rule.files, rule.values) for rule in plan.config.rules]


def _value_text(name: str, values: Mapping[str, Any]) -> str:
    return value_text(name, values[name]) if name in values else "default"
