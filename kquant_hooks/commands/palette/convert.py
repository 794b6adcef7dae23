"""``kquant palette convert``: a palette file in another format."""

from __future__ import annotations

import argparse
from pathlib import Path

from kquant_hooks.commands.palette.files import count_in_words, load_or_complain, save_or_complain
from kquant_hooks.palettes.files import FORMAT_OF_EXTENSION, WRITABLE_FORMATS, format_for
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import print_error, print_line

_EXAMPLES = """\
examples:
  kquant palette convert sweetie-16.hex sweetie-16.gpl
  kquant palette convert brand.ase brand.css --force
  kquant palette convert sweetie-16.hex sweetie-16.pal --format riff

exit codes: 0 done, 2 usage error or OUT exists, 3 a file could not be read or written, or OUT cannot hold
alpha
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Write a palette file in another format. The format of IN is detected from its content, and that of "
        "OUT from its extension."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("source", metavar="IN", help="a palette file")
    parser.add_argument(
        "target",
        metavar="OUT",
        help=f"the file to write; extensions: {', '.join(reversed(FORMAT_OF_EXTENSION))}",
    )
    parser.add_argument(
        "--format",
        choices=tuple(WRITABLE_FORMATS),
        help="write this format, whatever the extension of OUT; 'riff' is Microsoft's .pal",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite OUT if it exists")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    target = Path(arguments.target)
    try:
        written = format_for(target, arguments.format)
    except ValueError as error:
        print_error(error)
        return EXIT_USAGE
    if target.exists() and not arguments.force:
        print_error(f"{target} already exists; use --force to overwrite it")
        return EXIT_USAGE
    palette = load_or_complain(arguments.source)
    if palette is None:
        return EXIT_FAILED
    if not save_or_complain(palette, target, arguments.format):
        return EXIT_FAILED
    left_out = (
        "" if written.names or not any(palette.names) else "  without names, which this format cannot hold"
    )
    done = one_line(f"{arguments.source} -> {target}  {count_in_words(palette)}{left_out}")
    return EXIT_DONE if print_line(done) else EXIT_FAILED
