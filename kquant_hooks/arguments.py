"""Flags from the lists of options, and settings and policy from what was given."""

from __future__ import annotations

import argparse
from typing import Any

from kquant_hooks.assets.policy import POLICY_OPTIONS, Policy
from kquant_hooks.quantizer.options import Option
from kquant_hooks.quantizer.settings import OPTIONS, Settings

_METAVARS = {"integer": "N", "number": "X", "palette": "HEX,HEX,...", "savings": "SIZE|N%"}
_AUTO = "auto"


def add_options(parser: argparse.ArgumentParser) -> None:
    """A flag for every option of the quantizer and of the policy."""
    quantizer = parser.add_argument_group("how colours are chosen")
    for name, option in OPTIONS.items():
        flags = ["-c", "--colors"] if name == "colors" else []
        help_text = option.help
        if name == "colors":
            help_text += "; 'auto': the fewest that meet --max-error or --min-psnr"
        _add(quantizer, name, option, Settings.__dataclass_fields__[name].default, help_text, flags)
    policy = parser.add_argument_group("what is written, and when nothing is")
    for name, option in POLICY_OPTIONS.items():
        _add(policy, name, option, Policy.__dataclass_fields__[name].default, option.help, [])


def settings_from(arguments: argparse.Namespace) -> Settings:
    """The quantizer's settings; ValueError with the flag's name and range."""
    given = _given(arguments, OPTIONS)
    if given.get("colors") == _AUTO:
        del given["colors"]
    return Settings(**given)


def policy_from(arguments: argparse.Namespace) -> Policy:
    """The policy; ValueError with the flag's name and range."""
    return Policy(**_given(arguments, POLICY_OPTIONS), auto_colors=arguments.colors == _AUTO)


def _add(
    group: argparse._ArgumentGroup, name: str, option: Option, default: object, text: str, flags: list[str]
) -> None:
    flags = flags or ["--" + name.replace("_", "-")]
    if option.kind == "flag":
        group.add_argument(*flags, dest=name, action="store_const", const=True, help=text)
        return
    group.add_argument(
        *flags,
        dest=name,
        metavar=_METAVARS.get(option.kind) or "|".join(option.choices),
        help=(text + ("" if default is None else f" (default: {default})")).replace("%", "%%"),
    )


def _given(arguments: argparse.Namespace, options: dict[str, Option]) -> dict[str, Any]:
    texts = {name: getattr(arguments, name) for name in options}
    return {
        name: options[name].parse(text) if isinstance(text, str) else text
        for name, text in texts.items()
        if text is not None
    }
