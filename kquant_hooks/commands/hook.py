"""Command: ``kquant hook``, which pre-commit runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from kquant_hooks.assets.batch import Job, process_each, sweep_folders
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import peek
from kquant_hooks.commands.arguments import (
    add_config,
    add_options,
    add_run_options,
    config_of,
    given_options,
    jobs_of,
    style_of,
)
from kquant_hooks.config.resolving import FILE_NAME, Resolved, resolver
from kquant_hooks.disk.folder import resolved
from kquant_hooks.options.environment import git_prefix
from kquant_hooks.quantizer.threads import cores
from kquant_hooks.report.exits import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, exit_code
from kquant_hooks.report.lines import git_add_line, one_line, skip_lines
from kquant_hooks.report.printing import Printer, print_error, print_line

PURPOSE = "run by pre-commit: limit the colours of committed images"
_EXAMPLES = f"""\
examples:
  kquant hook assets/*.png                      rewrite images with too many colours
  kquant hook --check -- assets/*.png           write nothing; exit code 1 if one has too many
  kquant hook --colors 64 --min-savings 5% -- assets/*.png
  kquant hook --explain sprites/hero.png        the options that apply to the file, and where they come from

exit codes: 0 nothing to do, 1 a file was rewritten, or would be (--check), 2 usage error or a mistake in
{FILE_NAME}, 3 a file could not be read, quantized or written, 130 interrupted
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Rewrite images that have more colours than allowed: more than 256, or than the number in the "
        f"nearest {FILE_NAME} in the folders above a file, up to the root of its repository. Flags override "
        "that file. Files whose format cannot hold a palette are left alone. In a pre-commit "
        "configuration, end 'args' with '--', so that file names are never taken for flags."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="FILE", help="image files")
    parser.add_argument("--check", action="store_true", help="write nothing; the exit code is the same")
    parser.add_argument(
        "--explain",
        metavar="FILE",
        help="only print the options that apply to FILE, and where they come from",
    )
    add_config(parser)
    add_options(parser)
    add_run_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    try:
        jobs = jobs_of(arguments, cores())
        resolve = resolver(given_options(arguments), config_of(arguments))
        if arguments.explain is not None:
            from kquant_hooks.config.explaining import explanation

            explained = Path(arguments.explain)
            lines = map(one_line, explanation(explained, resolve(explained)))
            return EXIT_DONE if print_line("\n".join(lines)) else EXIT_FAILED
        # All options are resolved before the first file is written.
        options = {path: resolve(path) for path in map(Path, arguments.paths)}
    except ValueError as error:
        print_error(error)
        return EXIT_USAGE
    items = [_item(path, found, dry_run=arguments.check) for path, found in options.items()]
    if not arguments.check:
        sweep_folders(item.real or item.path for item in items if isinstance(item, Job))
    # No progress bar: a runner's terminal looks like a user's.
    printer = Printer(style_of(arguments), 0)
    one_by_one = arguments.json or arguments.verbose
    outcomes = []
    try:
        for outcome in process_each(items, jobs, all_cores=False):
            outcomes.append(outcome)
            if one_by_one or outcome.status != "skipped":
                printer.print(outcome)
    except KeyboardInterrupt:
        print_error("interrupted; no file is half written")
        return EXIT_INTERRUPTED
    if not (arguments.json or arguments.quiet):
        for line in () if arguments.verbose else skip_lines(outcomes):
            printer.print_line(one_line(line))
        _say_what_next(outcomes, printer)
    return exit_code(outcomes, rewriting_counts=True) if printer.complete else EXIT_FAILED


def _item(path: Path, options: Resolved, *, dry_run: bool) -> Job | Outcome:
    """The outcome for a file if that is known already; otherwise the job to run."""
    if options.skip:
        return Outcome(path, "skipped", options.skip_reason)
    decided = peek(path, options.settings, options.policy)
    return decided or Job(path, options.settings, options.policy, dry_run=dry_run, real=_real(path))


def _real(path: Path) -> Path:
    """The absolute path of a file: git names files in the repository, where no folder is a link."""
    here = Path.cwd()
    if path.is_relative_to(here) or not path.is_absolute():
        return here / path
    return resolved(path, last=False)


def _say_what_next(outcomes: list[Outcome], printer: Printer) -> None:
    rewritten = [outcome.path for outcome in outcomes if outcome.status == "rewritten"]
    if rewritten:
        # Git runs hooks at the top of the repository, which may not be where the user is.
        from_top = bool(git_prefix())
        printer.print_line(f"next: {git_add_line(rewritten, from_top=from_top)}")
    if any(outcome.status == "would-rewrite" for outcome in outcomes):
        printer.print_line("next: to rewrite them, run the hook 'kquant', or 'kquant hook' without --check")
