"""``kquant palette convert``: a palette file in another format."""

from __future__ import annotations

import argparse
from pathlib import Path

from kquant_hooks.commands.palette.files import count_in_words, loaded, saved
from kquant_hooks.palettes.files import ENDINGS, WRITTEN, format_for
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import complain, say

_EXAMPLES = """\
examples:
  kquant palette convert sweetie-16.hex sweetie-16.gpl
  kquant palette convert brand.ase brand.css --force
  kquant palette convert sweetie-16.hex sweetie-16.pal --format riff

exit codes: 0 done, 2 usage or OUT exists, 3 a file could not be read or written, or OUT cannot hold alpha
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Write a palette file in another format. What IN is, its content says; what OUT becomes, its ending."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("source", metavar="IN", help="a palette file")
    parser.add_argument("target", metavar="OUT", help=f"the file to write; ends in {', '.join(ENDINGS)}")
    parser.add_argument(
        "--format",
        choices=tuple(WRITTEN),
        help="write this, whatever OUT ends in; 'riff' is Microsoft's .pal",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite OUT if it exists")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    target = Path(arguments.target)
    try:
        written = format_for(target, arguments.format)
    except ValueError as error:
        complain(error)
        return EXIT_USAGE
    if target.exists() and not arguments.force:
        complain(f"{target} exists; give --force to overwrite it")
        return EXIT_USAGE
    palette = loaded(arguments.source)
    if palette is None:
        return EXIT_FAILED
    if not saved(palette, target, arguments.format):
        return EXIT_FAILED
    left_out = "" if written.names or not any(palette.names) else "  names are left out, as it holds none"
    done = one_line(f"{arguments.source} -> {target}  {count_in_words(palette)}{left_out}")
    return EXIT_DONE if say(done) else EXIT_FAILED
