"""``kquant palette compare``: the colours that two palette files do not share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict

from kquant_hooks.commands.palette.files import count_in_words, load_or_complain
from kquant_hooks.palettes.comparing import Comparison, compare
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_REWRITE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import print_line

_EXAMPLES = """\
examples:
  kquant palette compare sprites.gpl sprites.hex
  kquant palette compare old.ase new.ase --json

exit codes: 0 the same colours in the same order, 1 different colours or order, 2 usage error, 3 a file could
not be read
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "List the colours that two palette files do not share, with the nearest colour in the other file. "
        "A distance is the square root of the sum of squared differences in R, G, B and A. Names are ignored."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("first", metavar="A", help="a palette file")
    parser.add_argument("second", metavar="B", help="the palette file to compare it with")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    first, second = load_or_complain(arguments.first), load_or_complain(arguments.second)
    if first is None or second is None:
        return EXIT_FAILED
    result = compare(first, second)
    if arguments.json:
        text = json.dumps(asdict(result))
    elif result.equal:
        text = f"equal: {count_in_words(first)}"
    else:
        text = "\n".join(map(one_line, _differences(result, arguments.first, arguments.second)))
    if not print_line(text):
        return EXIT_FAILED
    return EXIT_DONE if result.equal else EXIT_REWRITE


def _differences(result: Comparison, first: str, second: str) -> Iterator[str]:
    if result.reordered:
        yield "the same colours in a different order"
    elif not result.only_first and not result.only_second:
        yield "the same colours, but not the same number of times"
    for missing, here, there in ((result.only_first, first, second), (result.only_second, second, first)):
        for entry in missing:
            yield (
                f"only in {here}: {entry.color}; nearest in {there}: {entry.nearest}, "
                f"at a distance of {entry.distance:.1f}"
            )
