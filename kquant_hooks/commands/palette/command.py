"""``kquant palette``: which of its commands runs."""

from __future__ import annotations

import argparse
import textwrap

from kquant_hooks.commands.palette import compare, convert, learn, show

# The module of each command, and what the command is for.
_COMMANDS = {
    "learn": (learn, "learn one palette for many pictures"),
    "show": (show, "show the colours of palette files"),
    "convert": (convert, "write a palette file in another format"),
    "compare": (compare, "say which colours two palette files do not share"),
}
_EXAMPLES = """\
examples:
  kquant palette learn sprites/ -c 32 -o sprites.gpl
  kquant palette show sprites.gpl
  kquant palette convert sweetie-16.hex sweetie-16.gpl
  kquant palette compare sprites.gpl sprites.hex
  kquant palette convert --help           all that a command can do, with more examples
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = "Learn one palette for many pictures; show, convert and compare palette files."
    parser.epilog = _EXAMPLES
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (face, purpose) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, formatter_class=parser.formatter_class, allow_abbrev=False
        )
        face.describe(command)
        # The formatter leaves it as it is, as it must leave the examples.
        command.description = textwrap.fill(str(command.description))
        command.set_defaults(run_palette=face.run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    return int(arguments.run_palette(arguments))
