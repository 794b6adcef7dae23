"""The ``kquant`` command."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from kquant_hooks.quantizer.settings import OPTIONS, Settings

EXIT_USAGE = 2
EXIT_FAILED = 3
EXIT_INTERRUPTED = 130

_METAVARS = {"integer": "N", "number": "X", "palette": "HEX,HEX,..."}

_EXAMPLES = """\
examples:
  kquant quantize photo.jpg --colors 5 -o out.png
  kquant quantize logo.png -c 16 --effort best -o logo-16.png
  kquant quantize sprite.png --palette '#1a1c2c,#5d275d,#b13e53' -o sprite-3.png

exit codes: 0 done, 2 usage, 3 a file could not be quantized, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that are no text.
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        settings = _settings(arguments)
        if arguments.output.suffix.lower() != ".png":
            raise ValueError(f"--output {arguments.output} will be a PNG; give it a name that ends in .png")
    except ValueError as error:
        _complain(error)
        return EXIT_USAGE
    try:
        return _quantize(arguments.file, arguments.output, settings)
    except KeyboardInterrupt:
        _complain("interrupted")
        return EXIT_INTERRUPTED


def _settings(arguments: argparse.Namespace) -> Settings:
    given = {name: getattr(arguments, name) for name in OPTIONS}
    return Settings(**{name: OPTIONS[name].parse(text) for name, text in given.items() if text is not None})


def _quantize(source: Path, target: Path, settings: Settings) -> int:
    # Loaded late, so that --help and mistakes are answered at once.
    from kquant_hooks.assets.process import quantize_file
    from kquant_hooks.report.lines import outcome_line

    try:
        outcome = quantize_file(source, target, settings)
    except (OSError, ValueError, MemoryError) as error:
        _complain(error if str(error) else "out of memory")
        return EXIT_FAILED
    try:
        print(_one_line(outcome_line(outcome)), flush=True)
    except OSError as error:
        # The picture is written; whoever was to read about it has gone. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            _complain(f"cannot write to standard output: {error.strerror}")
            return EXIT_FAILED
    return 0


def _complain(message: object) -> None:
    print(_one_line(f"kquant: {message}"), file=sys.stderr)


def _one_line(text: str) -> str:
    """The text with what would end the line or speak to the terminal, as in file names, escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kquant",
        description="Reduce images to a few colours by k-means.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kquant {version('kquant-hooks')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "quantize",
        help="write an image as an indexed PNG",
        description="Write an image as an indexed PNG with at most so many colours.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", type=Path, metavar="FILE", help="JPEG, PNG, BMP, GIF, TIFF, WebP, PPM, ...")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="file to write")
    group = command.add_argument_group("quantizer")
    for name, option in OPTIONS.items():
        flags = ["--" + name.replace("_", "-")]
        if name == "colors":
            flags.insert(0, "-c")
        default = Settings.__dataclass_fields__[name].default
        group.add_argument(
            *flags,
            dest=name,
            metavar=_METAVARS.get(option.kind) or "|".join(option.choices),
            help=option.help + ("" if default is None else f" (default: {default})"),
        )
    return parser
