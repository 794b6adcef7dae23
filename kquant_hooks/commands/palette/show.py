"""``kquant palette show``: the colours of palette files."""

from __future__ import annotations

import argparse
import json
import sys

from kquant_hooks.commands.arguments import add_color
from kquant_hooks.commands.palette.files import count_in_words, load_or_complain
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import print_line
from kquant_hooks.report.screen import can_show_colors

_EXAMPLES = """\
examples:
  kquant palette show sprites.gpl
  kquant palette show *.hex --json        one JSON object per file: path, colors, names

exit codes: 0 done, 2 usage error, 3 a file could not be read
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = "Show the colours of palette files, with their names."
    parser.epilog = _EXAMPLES
    parser.add_argument("files", nargs="+", metavar="FILE", help="palette files, or PNG images of palettes")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead of text")
    add_color(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    code = EXIT_DONE
    for path in arguments.files:
        palette = load_or_complain(path)
        if palette is None or not print_line(_text(path, palette, arguments)):
            code = EXIT_FAILED
    return code


def _text(path: str, palette: Palette, arguments: argparse.Namespace) -> str:
    if arguments.json:
        return json.dumps({"path": path, "colors": palette.hex(), "names": palette.names})
    cells = [""] * len(palette)
    if arguments.color == "always" or (arguments.color == "auto" and can_show_colors(sys.stdout)):
        from kquant_hooks.report.terminal import cells_of

        cells = cells_of(palette, force=arguments.color == "always") or cells
    lines = [one_line(f"{path}  {count_in_words(palette)}")]
    for cell, color, name in zip(cells, palette.hex(), palette.names, strict=True):
        lines.append(f"  {cell}{color}  {name}".rstrip())
    return "\n".join(lines)
