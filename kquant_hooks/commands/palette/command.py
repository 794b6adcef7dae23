"""``kquant palette``: the list of its commands."""

from __future__ import annotations

import argparse
import textwrap

from kquant_hooks.commands.palette import compare, convert, learn, show

# The module of each command, and its purpose.
_COMMANDS = {
    "learn": (learn, "learn one palette for many pictures"),
    "show": (show, "show the colours of palette files"),
    "convert": (convert, "write a palette file in another format"),
    "compare": (compare, "list the colours that two palette files do not share"),
}
PURPOSE = f"{', '.join([*_COMMANDS][:-1])} or {[*_COMMANDS][-1]} palettes"
_EXAMPLES = """\
examples:
  kquant palette learn sprites/ -c 32 -o sprites.gpl
  kquant palette show sprites.gpl
  kquant palette convert sweetie-16.hex sweetie-16.gpl
  kquant palette compare sprites.gpl sprites.hex
  kquant palette convert --help           all options of a command, and more examples
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = "Learn one palette for many pictures; show, convert and compare palette files."
    parser.epilog = _EXAMPLES
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (module, purpose) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, formatter_class=parser.formatter_class, allow_abbrev=False
        )
        module.describe(command)
        # Wrapped here because the formatter leaves text unchanged, for the sake of the examples.
        command.description = textwrap.fill(str(command.description))
        command.set_defaults(run_palette=module.run, parser=command)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    return int(arguments.run_palette(arguments))
