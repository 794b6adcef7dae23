"""Face: ``kquant quantize``, many files at once."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kquant_hooks.arguments import add_options, policy_from, settings_from
from kquant_hooks.assets.atomic import sweep
from kquant_hooks.assets.collect import Destination, Task, collect, is_folder
from kquant_hooks.assets.crew import Crash, run_each
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.policy import Policy
from kquant_hooks.assets.process import most_bytes, process, quantize_file
from kquant_hooks.images.sniff import container_for_suffix
from kquant_hooks.quantizer.settings import Settings
from kquant_hooks.quantizer.workers import cores
from kquant_hooks.report.lines import one_line, outcome_line
from kquant_hooks.report.printing import Printer, Style, complain, forget_output

EXIT_DONE, EXIT_REWRITE, EXIT_USAGE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
_STREAM = "-"


@dataclass(frozen=True, slots=True)
class _Job:
    """What a worker process is sent."""

    task: Task
    settings: Settings
    policy: Policy
    dry_run: bool
    force: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files; folders, with what is in them; '-' for standard input",
    )
    output = parser.add_argument_group(
        "where results go", "without one of the first three, photo.png becomes photo.kq.png beside it"
    )
    place = output.add_mutually_exclusive_group()
    place.add_argument(
        "-o",
        "--output",
        metavar="FILE|DIR",
        help="write this file; for several files or a folder, or ending in '/': into this folder; '-' for "
        "standard output",
    )
    place.add_argument("--suffix", metavar="TEXT", help="put TEXT before the ending instead of '.kq'")
    place.add_argument("--in-place", action="store_true", help="rewrite the files themselves")
    place.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if --in-place would rewrite a file"
    )
    output.add_argument("-n", "--dry-run", action="store_true", help="do everything but write")
    output.add_argument("-f", "--force", action="store_true", help="overwrite results that exist")
    add_options(parser)
    run = parser.add_argument_group("how it runs and what it prints")
    run.add_argument("-j", "--jobs", type=int, metavar="N", help="files at once (default: one per core)")
    run.add_argument("--json", action="store_true", help="print one JSON object a file instead of text")
    run.add_argument("-q", "--quiet", action="store_true", help="print failures only")
    run.add_argument("-v", "--verbose", action="store_true", help="print unchanged files as well")
    run.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="show palettes as swatches (default: on terminals that can)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    try:
        if "" in arguments.paths or arguments.output == "":
            raise ValueError("a path is empty; for the current folder give '.'")
        settings, policy = settings_from(arguments), policy_from(arguments)
        destination = _destination(arguments)
        jobs = cores() if arguments.jobs is None else arguments.jobs
        if jobs < 1:
            raise ValueError(f"--jobs {jobs} is not an integer from 1")
    except ValueError as error:
        complain(error)
        return EXIT_USAGE
    if _STREAM in (*arguments.paths, arguments.output):
        return _run_stream(arguments, settings, policy)
    start = time.monotonic()
    tasks = collect(map(Path, arguments.paths), destination)
    printer = Printer(_style(arguments), len(tasks))
    dry_run = arguments.check or arguments.dry_run
    todo = [_Job(task, settings, policy, dry_run, arguments.force) for task in tasks]
    outcomes: list[Outcome] = []
    # Being stopped is like an interrupt: workers undo what they are about to write.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        for outcome in _in_order(todo, min(jobs, max(1, len(todo))), printer):
            outcomes.append(outcome)
            printer.print(outcome)
    except KeyboardInterrupt:
        printer.close()
        complain(f"interrupted; {printer.counted} of {len(tasks)} files were done, and none is half written")
        return EXIT_INTERRUPTED
    finally:
        printer.close()
    printer.summarize(outcomes, time.monotonic() - start)
    return exit_code(outcomes, check=arguments.check) if printer.complete else EXIT_FAILED


def exit_code(outcomes: list[Outcome], *, check: bool) -> int:
    """What a script is to know of the outcomes."""
    statuses = {outcome.status for outcome in outcomes}
    if "failed" in statuses:
        return EXIT_FAILED
    return EXIT_REWRITE if check and "would-rewrite" in statuses else EXIT_DONE


def _in_order(todo: list[_Job], jobs: int, printer: Printer) -> Iterator[Outcome]:
    """Outcomes in the order of the tasks, whichever is done first."""
    done: dict[int, Outcome] = {}
    place = 0
    for index, result in run_each(_work, todo, jobs, printer.tick):
        if isinstance(result, Crash):
            task = todo[index].task
            sweep((task.target or task.path).parent, result.process)
            reason = f"the process that decoded it crashed ({result.reason}); the file is as it was"
            result = Outcome(task.path, "failed", reason, task.target)
        done[index] = result
        printer.count(result)
        while place in done:
            yield done.pop(place)
            place += 1


def _work(job: _Job) -> Outcome:
    """In a worker process."""
    task = job.task
    if job.policy.max_pixels > Policy().max_pixels:
        from PIL import Image

        # Ours is Pillow's; where a higher one is asked for, Pillow's goes, in this process alone.
        Image.MAX_IMAGE_PIXELS = None
    if task.problem:
        return Outcome(task.path, "failed", task.problem, task.target)
    return process(
        task.path, job.settings, job.policy, target=task.target, dry_run=job.dry_run, force=job.force
    )


def _run_stream(arguments: argparse.Namespace, settings: Settings, policy: Policy) -> int:
    """From standard input, to standard output, or both; what is said then goes to stderr."""
    if len(arguments.paths) != 1 or arguments.in_place or arguments.check or arguments.suffix is not None:
        complain("'-' is one picture alone: standard input as PATH, standard output as --output")
        return EXIT_USAGE
    path = Path(arguments.paths[0])
    to_stdout = arguments.output in (None, _STREAM)
    if to_stdout and sys.stdout.isatty():
        complain("a picture is not written to a terminal; give --output FILE or redirect standard output")
        return EXIT_USAGE
    if not to_stdout and (arguments.output.endswith(("/", os.sep)) or is_folder(Path(arguments.output))):
        complain(
            f"--output {arguments.output} is a folder; what comes from standard input needs a file's name"
        )
        return EXIT_USAGE
    data = None
    if arguments.paths == [_STREAM]:
        limit = most_bytes(policy)
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            complain(f"-: more than the {limit} bytes that max-pixels={policy.max_pixels} can take")
            return EXIT_FAILED
    if not to_stdout:
        outcome = process(
            path,
            settings,
            policy,
            target=Path(arguments.output),
            dry_run=arguments.dry_run,
            force=arguments.force,
            data=data,
        )
        Printer(_style(arguments), 1).print(outcome)
        return exit_code([outcome], check=False)
    ending = ".png" if policy.format == "same" else f".{policy.format}"
    outcome, written = quantize_file(path, settings, policy, Path(f"-{ending}"), data)
    if written is not None and not arguments.dry_run:
        try:
            sys.stdout.buffer.write(written)
            sys.stdout.buffer.flush()
        except OSError as error:
            complain(f"cannot write to standard output: {error.strerror}")
            forget_output()
            return EXIT_FAILED
    if outcome.status == "failed":
        complain(f"{path}: {outcome.reason}")
    elif not arguments.quiet:
        print(one_line(outcome_line(replace(outcome, target=None))), file=sys.stderr)
    return EXIT_FAILED if written is None else EXIT_DONE


def _destination(arguments: argparse.Namespace) -> Destination:
    form = arguments.format or "same"
    if arguments.in_place or arguments.check:
        if arguments.format not in (None, "same"):
            raise ValueError("--format is for new files; with --in-place and --check each keeps its own")
        return Destination(in_place=True)
    if arguments.output is None:
        suffix = ".kq" if arguments.suffix is None else arguments.suffix
        if not suffix or os.sep in suffix or (os.altsep and os.altsep in suffix):
            raise ValueError(f"--suffix {suffix!r} is no part of a name; give a text such as '.kq'")
        return Destination(suffix=suffix, format=form)
    output = Path(arguments.output)
    several = len(arguments.paths) > 1 or any(is_folder(Path(path)) for path in arguments.paths)
    if several or is_folder(output) or arguments.output.endswith(("/", os.sep)):
        if output.is_file():
            raise ValueError(f"--output {output} is a file; for several files give a folder")
        return Destination(folder=output, format=form)
    named = container_for_suffix(output.suffix)
    if form != "same" and named is not None and named.lower() != form:
        raise ValueError(
            f"--output {output} is the name of a {named} file, and --format {form} is another format"
        )
    return Destination(file=output, format=form)


def _style(arguments: argparse.Namespace) -> Style:
    return Style(arguments.json, arguments.quiet, arguments.verbose, arguments.color)
