"""The ``kquant`` command."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kquant_hooks.batch import EXIT_INTERRUPTED, add_arguments, run

_DESCRIPTION = "Reduce images to a few colours by k-means."
_EXAMPLES = """\
examples:
  kquant quantize photo.jpg --colors 5                  writes photo.kq.png
  kquant quantize photo.jpg -c 5 -o out.png
  kquant quantize assets -c 64 -o small/                a folder, with its tree
  kquant quantize assets -c 64 --in-place --min-savings 5%
  kquant quantize assets -c 64 --check                  exit code 1 if a file has more
  kquant quantize hero.png -c auto --min-psnr 38
  kquant quantize sprite.png --palette '#1a1c2c,#5d275d,#b13e53'
  kquant quantize - -c 16 < photo.jpg > photo.png

exit codes: 0 done or nothing to do, 1 a file would be rewritten (--check), 2 usage, 3 a file could not be
quantized, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # None is what whoever started this has closed.
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that are no text.
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        # A second one, while what is in hand is undone.
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    layout: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(prog="kquant", description=_DESCRIPTION, **layout)
    parser.add_argument("--version", action="version", version=f"kquant {version('kquant-hooks')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    quantize = commands.add_parser(
        "quantize",
        help="quantize image files and folders of them",
        description="Quantize image files, and those in folders, to at most so many colours. Every result is "
        "read back and compared before it is written, and is written whole or not at all.",
        **layout,
    )
    add_arguments(quantize)
    quantize.set_defaults(run=run)
    return parser
