"""Flags made from the lists of options, and the values that users give them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kquant_hooks.config.resolving import FILE_NAME
from kquant_hooks.options.kinds import Flag
from kquant_hooks.options.option import Option, dashed, defaults_of
from kquant_hooks.options.policy import AUTO, POLICY_OPTIONS, Policy
from kquant_hooks.options.settings import OPTIONS, Settings
from kquant_hooks.report.printing import Style


def add_options(parser: argparse.ArgumentParser, defaults: Mapping[str, str] | None = None) -> None:
    """Add a flag for every option of the quantizer and of the policy; ``defaults`` overrides theirs."""
    quantizer = parser.add_argument_group("how colours are chosen")
    usual = {**defaults_of(Settings), **defaults_of(Policy), **(defaults or {})}
    for name, option in OPTIONS.items():
        flags = ["-c", "--colors"] if name == "colors" else []
        help_text = option.help
        if name == "colors":
            help_text += f"; '{AUTO}': the fewest that meet --max-error or --min-psnr"
        add_option(quantizer, name, option, usual[name], help_text, flags)
    policy = parser.add_argument_group("what is written, and when")
    for name, option in POLICY_OPTIONS.items():
        add_option(policy, name, option, usual[name], option.help, [])


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags for how many files are processed at once, and what is printed."""
    group = parser.add_argument_group("how it runs and what it prints")
    jobs_help = "number of files to process at once (default: one per core)"
    group.add_argument("-j", "--jobs", type=int, metavar="N", help=jobs_help)
    add_style(group)


def add_style(parser: argparse._ArgumentGroup) -> None:
    """Add the flags for what is printed."""
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead of text")
    parser.add_argument("-q", "--quiet", action="store_true", help="print only failures")
    parser.add_argument("-v", "--verbose", action="store_true", help="also print unchanged files")
    add_color(parser)


def add_color(parser: argparse._ActionsContainer) -> None:
    """Add the flag for swatches."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="show palettes as swatches (default: auto, on terminals that can show them)",
    )


def style_of(arguments: argparse.Namespace) -> Style:
    """The style of output that the flags ask for."""
    return Style(arguments.json, arguments.quiet, arguments.verbose, arguments.color)


def given_options(
    arguments: argparse.Namespace, options: Mapping[str, Option] = OPTIONS | POLICY_OPTIONS
) -> dict[str, Any]:
    """The values of the given flags, by option; ValueError if one is not accepted."""
    texts = {name: getattr(arguments, name) for name in options}
    return {name: _value(name, options[name], text) for name, text in texts.items() if text is not None}


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the flag for a configuration file."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"use this file, with globs relative to the current folder, instead of the nearest {FILE_NAME}",
    )


def config_of(arguments: argparse.Namespace) -> Path | None:
    """The given configuration file, if any."""
    return None if arguments.config is None else Path(arguments.config)


def jobs_of(arguments: argparse.Namespace, default: int) -> int:
    """The number of files to process at once; ValueError if it is less than 1."""
    jobs: int = default if arguments.jobs is None else arguments.jobs
    if jobs < 1:
        raise ValueError(f"--jobs {jobs}: expected an integer of at least 1")
    return jobs


def _value(name: str, option: Option, text: object) -> Any:
    if name == "colors" and text == AUTO:
        return text
    return option.check(dashed(name), option.parse(text) if isinstance(text, str) else text)


def add_option(
    group: argparse._ArgumentGroup, name: str, option: Option, default: object, text: str, flags: list[str]
) -> None:
    """Add the flag of an option; ``flags`` are its names if they differ from the option's."""
    flags = flags or ["--" + dashed(name)]
    if isinstance(option.kind, Flag):
        group.add_argument(*flags, dest=name, action="store_const", const=True, help=text)
        return
    usual = option.none if default is None else option.show(default)
    group.add_argument(
        *flags,
        dest=name,
        metavar=option.kind.metavar,
        help=f"{text} (default: {usual})".replace("%", "%%"),
    )
