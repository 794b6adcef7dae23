"""The ``kquant`` command, which runs one of its subcommands."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from kquant_hooks.commands.parser import CommandParser
from kquant_hooks.options.environment import problem_in_environment
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from kquant_hooks.report.printing import print_error, print_line

_USUAL_WIDTH = 80
# The number of the last standard stream.
_STDERR = 2
_DESCRIPTION = "Reduce images to a few colours by k-means."
# The module of each command, which has its help; only the module of the command that runs is loaded.
_COMMANDS = {
    "quantize": "kquant_hooks.commands.quantize",
    "hook": "kquant_hooks.commands.hook",
    "watch": "kquant_hooks.commands.watch",
    "palette": "kquant_hooks.commands.palette.command",
    "config": "kquant_hooks.commands.config",
}
_EXAMPLES = """\
examples:
  kquant quantize photo.jpg --colors 5      writes photo.kq.png
  kquant hook --check assets/*.png          exit code 1 if a file has too many colours
  kquant config --init                      writes a starter .kquant.yaml
  kquant quantize --help                    all options of a command, and more examples
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names may hold bytes that are not text.
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    # These signals act like an interrupt: unfinished writes are undone.
    for name in ("SIGTERM", "SIGHUP"):
        # A signal that is ignored, as under 'nohup', stays ignored.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        if not given:
            _parser(["--help"]).print_help()
            return EXIT_USAGE
        arguments = _parser(given).parse_command(given)
        if problem := problem_in_environment():
            print_error(problem)
            return EXIT_USAGE
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        # The interrupt came before there was anything to undo, or came again during the undoing.
        return EXIT_INTERRUPTED
    except OSError as error:
        # This is not about one file: the current folder is gone, or no process can be started any more.
        place = error.filename or ("the current folder" if error.errno == errno.ENOENT else None)
        print_error(f"{place}: {error.strerror or error}" if place else error.strerror or error)
        return EXIT_FAILED


def _open_closed_streams() -> None:
    """Open closed standard streams as the null device.

    Otherwise, the first files that are opened would get their numbers, and receive what is printed.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(handle, True)
    os.close(handle)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  open until the process ends


class _Version(argparse.Action):
    """Look the version up only if it is asked for, as that takes longer than most commands."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        parser.exit(EXIT_DONE if print_line(f"kquant {version('kquant-hooks')}") else EXIT_FAILED)


def _parser(given: Sequence[str]) -> CommandParser:
    # Asking for the terminal's width, which argparse does for each argument, takes longer than judging a
    # hundred files.
    asks_for_help = bool({"-h", "--help"} & set(given))
    width = None if asks_for_help else _USUAL_WIDTH
    formatter = partial(argparse.RawDescriptionHelpFormatter, width=width)
    layout: dict[str, Any] = {"formatter_class": formatter, "allow_abbrev": False}
    parser = CommandParser(prog="kquant", description=_DESCRIPTION, epilog=_EXAMPLES, **layout)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    lists_commands = asks_for_help and not set(_COMMANDS) & set(given)
    for name, module in _COMMANDS.items():
        purpose = import_module(module).PURPOSE if lists_commands else None
        inner = commands.add_parser(name, help=purpose, **layout)
        if name in given:
            command = import_module(module)
            command.describe(inner)
            inner.set_defaults(run=command.run, parser=inner)
            if asks_for_help:
                # Wrapped here because the formatter leaves text unchanged, for the sake of the examples.
                inner.description = textwrap.fill(str(inner.description), _USUAL_WIDTH)
    return parser
