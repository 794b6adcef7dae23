"""Command: ``kquant config``, which shows the options in ``.kquant.yaml``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from kquant_hooks.commands.arguments import add_config, config_of
from kquant_hooks.config.explaining import explanation
from kquant_hooks.config.resolving import FILE_NAME, resolver
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_USAGE
from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import print_error, print_line

PURPOSE = "show which options apply to a file, or write a starter .kquant.yaml"
_EXAMPLES = f"""\
examples:
  kquant config sprites/hero.png      the options that apply to the file, and where they come from
  kquant config --init                write a starter {FILE_NAME}, with comments, here
  kquant config --schema > schema.json

exit codes: 0 done, 2 usage error or a mistake in the configuration, 3 the output could not be
written
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Show which options apply to files, and where each comes from. Options are read from the nearest "
        f"{FILE_NAME} in the folders above a file, up to the root of its repository."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="FILE", help="files; they need not exist")
    add_config(parser)
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--init",
        action="store_true",
        help=f"write a starter {FILE_NAME} in the current folder, unless there is one",
    )
    action.add_argument(
        "--schema", action="store_true", help=f"print the JSON schema of {FILE_NAME} for editors"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.schema:
        from kquant_hooks.config.schema import schema

        return EXIT_DONE if print_line(json.dumps(schema(), indent=2)) else EXIT_FAILED
    if arguments.init:
        return _init(Path(FILE_NAME))
    if not arguments.paths:
        print_error("nothing to do; use at least one FILE, --init or --schema")
        return EXIT_USAGE
    try:
        paths = [Path(name) for name in arguments.paths]
        resolve = resolver({}, config_of(arguments))
        lines = [one_line(line) for path in paths for line in explanation(path, resolve(path))]
    except ValueError as error:
        print_error(error)
        return EXIT_USAGE
    return EXIT_DONE if print_line("\n".join(lines)) else EXIT_FAILED


def _init(path: Path) -> int:
    from kquant_hooks.config.starter import STARTER

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError:
        print_error(f"{path} already exists; it was not changed")
        return EXIT_USAGE
    except OSError as error:
        print_error(f"{path} cannot be written: {error.strerror or error}")
        return EXIT_FAILED
    done = f"wrote {path}; 'kquant config FILE' shows which options apply to a file"
    return EXIT_DONE if print_line(done) else EXIT_FAILED
