"""Command: ``kquant quantize``, many files at once."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.batch import Job, process_each, result_of, sweep_folders
from kquant_hooks.assets.collect import Destination, collect, is_folder
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import max_file_size
from kquant_hooks.commands.arguments import (
    add_options,
    add_run_options,
    given_options,
    jobs_of,
    style_of,
)
from kquant_hooks.formats.table import (
    DEFAULT_FORMAT,
    FORMATS,
    format_for_extension,
    format_for_option,
)
from kquant_hooks.options.limits import most_of_one
from kquant_hooks.options.policy import SAME, Policy, settings_and_policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.threads import cores
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, exit_code
from kquant_hooks.report.lines import one_line, outcome_line
from kquant_hooks.report.printing import Printer, print_error, silence

_STREAM = "-"
_SEPARATORS = ("/", os.sep)
PURPOSE = "quantize image files and folders of them"
_EXAMPLES = """\
examples:
  kquant quantize photo.jpg --colors 5                  writes photo.kq.png
  kquant quantize photo.jpg -c 5 -o out.png
  kquant quantize assets -c 64 -o small/                a folder and its subfolders
  kquant quantize assets -c 64 --in-place --min-savings 5%
  kquant quantize assets -c 64 --check                  exit code 1 if a file has more
  kquant quantize hero.png -c auto --min-psnr 38
  kquant quantize sprite.png --palette '#1a1c2c,#5d275d,#b13e53'
  kquant quantize - -c 16 < photo.jpg > photo.png

exit codes: 0 done or nothing to do, 1 a file would be rewritten (--check), 2 usage error, 3 a file could
not be quantized, 130 interrupted
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Quantize image files, and folders of them, to at most N colours. Every result is read back and "
        "compared before it is written, and is written completely or not at all."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files, folders, or '-' for standard input",
    )
    output = parser.add_argument_group(
        "where results go", "by default, the result of photo.png is photo.kq.png in the same folder"
    )
    place = output.add_mutually_exclusive_group()
    place.add_argument(
        "-o",
        "--output",
        metavar="FILE|DIR",
        help="write to this file, or into this folder if there are several files, if PATH is a folder, or if "
        "the name ends in '/'; '-' is standard output",
    )
    place.add_argument("--suffix", metavar="TEXT", help="put TEXT before the extension instead of '.kq'")
    place.add_argument("--in-place", action="store_true", help="rewrite the files themselves")
    place.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit code 1 if --in-place would rewrite a file",
    )
    output.add_argument("-n", "--dry-run", action="store_true", help="do everything except write files")
    output.add_argument("-f", "--force", action="store_true", help="overwrite existing results")
    add_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    try:
        if "" in arguments.paths or arguments.output == "":
            raise ValueError("a path is empty; use '.' for the current folder")
        settings, policy = settings_and_policy(given_options(arguments))
        destination = _destination(arguments)
        jobs = jobs_of(arguments, cores())
    except ValueError as error:
        print_error(error)
        return EXIT_USAGE
    if _STREAM in (*arguments.paths, arguments.output):
        return _run_stream(arguments, settings, policy)
    start = time.monotonic()
    tasks = collect(map(Path, arguments.paths), destination)
    printer = Printer(style_of(arguments), len(tasks))
    dry_run = arguments.check or arguments.dry_run
    items = [
        Outcome(task.path, "failed", task.problem, target=task.target)
        if task.problem
        else Job(
            task.path, settings, policy, task.target, dry_run, arguments.force, task.real, task.real_target
        )
        for task in tasks
    ]
    if not dry_run:
        sweep_folders(task.real_target or task.real or task.path for task in tasks)
    outcomes: list[Outcome] = []
    try:
        for outcome in process_each(items, jobs, done=printer.count, tick=printer.tick):
            outcomes.append(outcome)
            printer.print(outcome)
    except KeyboardInterrupt:
        printer.close()
        print_error(
            f"interrupted; {printer.counted} of {len(tasks)} files are done, and none is half written"
        )
        return EXIT_INTERRUPTED
    finally:
        printer.close()
    printer.summarize(outcomes, time.monotonic() - start)
    return exit_code(outcomes, rewriting_counts=arguments.check) if printer.complete else EXIT_FAILED


def _run_stream(arguments: argparse.Namespace, settings: Settings, policy: Policy) -> int:
    """Read standard input, write standard output, or both; messages go to stderr."""
    if len(arguments.paths) != 1 or arguments.in_place or arguments.check or arguments.suffix is not None:
        print_error("'-' is for one picture: use it as the only PATH (standard input) or with --output")
        return EXIT_USAGE
    path = Path(arguments.paths[0])
    to_stdout = arguments.output in (None, _STREAM)
    if to_stdout and sys.__stdout__ is None:
        print_error("standard output is closed; use --output FILE")
        return EXIT_USAGE
    if to_stdout and sys.stdout.isatty():
        print_error("pictures are not written to a terminal; use --output FILE or redirect standard output")
        return EXIT_USAGE
    if not to_stdout and (arguments.output.endswith(_SEPARATORS) or is_folder(Path(arguments.output))):
        print_error(f"--output {arguments.output} is a folder; use the name of a file for a picture from '-'")
        return EXIT_USAGE
    data = None
    if arguments.paths == [_STREAM]:
        limit = max_file_size(policy)
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            pixels = most_of_one(policy.max_pixels)
            print_error(
                f"-: it has more than {limit} bytes, too many for a picture within max-pixels={pixels}; "
                "use a higher limit to read it"
            )
            return EXIT_FAILED
    if not to_stdout:
        job = Job(
            path,
            settings,
            policy,
            Path(arguments.output),
            arguments.dry_run,
            arguments.force,
            data=data,
        )
        (outcome,) = process_each([job], 1)
        Printer(style_of(arguments), 1).print(outcome)
        return exit_code([outcome], rewriting_counts=False)
    name = DEFAULT_FORMAT if policy.format == SAME else format_for_option(policy.format)
    extension = FORMATS[name].extensions[0]
    outcome, written = result_of(Job(path, settings, policy, Path(f"-{extension}"), data=data))
    if written is not None and not arguments.dry_run:
        try:
            sys.stdout.buffer.write(written)
            sys.stdout.buffer.flush()
        except OSError as error:
            print_error(f"cannot write to standard output: {error.strerror}")
            silence(sys.stdout)
            return EXIT_FAILED
    if outcome.status == "failed":
        print_error(f"{path}: {outcome.reason}")
    elif not arguments.quiet:
        print(one_line(outcome_line(replace(outcome, target=None))), file=sys.stderr)
    return EXIT_FAILED if written is None else EXIT_DONE


def _destination(arguments: argparse.Namespace) -> Destination:
    format_option = arguments.format or SAME
    if arguments.in_place or arguments.check:
        if arguments.format not in (None, SAME):
            raise ValueError("--format is for new files; with --in-place or --check, files keep their format")
        return Destination(in_place=True)
    if arguments.output is None:
        suffix = ".kq" if arguments.suffix is None else arguments.suffix
        if not suffix or os.sep in suffix or (os.altsep and os.altsep in suffix):
            raise ValueError(f"--suffix {suffix!r} cannot be part of a file name; use text such as '.kq'")
        return Destination(suffix=suffix, format=format_option)
    output = Path(arguments.output)
    several = len(arguments.paths) > 1 or any(is_folder(Path(path)) for path in arguments.paths)
    if several or is_folder(output) or arguments.output.endswith(_SEPARATORS):
        if output.is_file():
            raise ValueError(f"--output {output} is a file; use a folder for several files")
        if (
            format_for_extension(output.suffix)
            and not output.is_dir()
            and not arguments.output.endswith(_SEPARATORS)
        ):
            folder = f"{output.with_suffix('')}{os.sep}"
            raise ValueError(
                f"--output {output} names one file; for several files use a folder such as {folder}"
            )
        return Destination(folder=output, format=format_option)
    named = format_for_extension(output.suffix)
    if format_option != SAME and named is not None and named.lower() != format_option:
        raise ValueError(
            f"--output {output} is the name of a {named} file, but --format is {format_option}; "
            "use another name, or leave out --format"
        )
    return Destination(file=output, format=format_option)
