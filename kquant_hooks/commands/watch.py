"""Command: ``kquant watch``."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from kquant_hooks.commands.arguments import add_config, add_option, add_options, config_of, given_options
from kquant_hooks.config.resolving import FILE_NAME, find_config, resolver
from kquant_hooks.formats.table import DEFAULT_FORMAT
from kquant_hooks.options.kinds import Flag
from kquant_hooks.options.option import defaults_of
from kquant_hooks.options.policy import SAME
from kquant_hooks.options.watch import WATCH_OPTIONS, Watch
from kquant_hooks.report.exits import EXIT_USAGE
from kquant_hooks.report.printing import print_error
from kquant_hooks.watch.plan import Plan

PURPOSE = "quantize files as they are dropped into a folder"
_EXAMPLES = f"""\
examples:
  kquant watch inbox outbox --colors 16
  kquant watch inbox outbox --format same --originals archive
  kquant watch sprites --in-place --palette '#1a1c2c,#5d275d,#b13e53'
  kquant watch inbox outbox --once              process the files that are there, then exit
  kquant watch --status outbox                  print what happened to the files
  kquant watch --retry outbox                   process the failed files again

Rules for files and the 'watch:' section are read from {FILE_NAME} in INBOX or the nearest folder above it,
at the start and again on SIGHUP. Flags override the file.

exit codes: 0 stopped on request, or (--once) there is nothing left to do; 2 usage error, or another
kquant watch is running; 3 the ledger cannot be used, or (--once, --status) a file failed; 130 stopped at
once, or the terminal of its log was closed
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and help."""
    parser.description = (
        "Quantize every image that is dropped into a folder, in any format that Pillow reads, and write the "
        "result to another folder, as PNG by default. Nothing is lost: a file is read only when it is "
        "complete, a result is written completely or not at all, and files that a crash interrupts are "
        "processed at the next start."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("inbox", nargs="?", metavar="INBOX", help="the folder to watch")
    parser.add_argument(
        "outbox", nargs="?", metavar="OUTBOX", help="the folder of results; created if it does not exist"
    )
    parser.add_argument(
        "--in-place", action="store_true", help="rewrite the files themselves, without OUTBOX"
    )
    parser.add_argument("--once", action="store_true", help="exit when there is nothing left to do")
    parser.add_argument("--status", metavar="OUTBOX", help="only print what happened to the files")
    parser.add_argument("--retry", metavar="OUTBOX", help="only mark the failed files to be processed again")
    parser.add_argument("--json", action="store_true", help="with --status: print a JSON object")
    parser.add_argument(
        "--log", choices=("text", "json"), default="text", help="the format of the log (default: text)"
    )
    add_config(parser)
    add_options(parser, {"format": "png, or same with --in-place"})
    watch = parser.add_argument_group("how files are picked up")
    defaults = defaults_of(Watch)
    for name, option in WATCH_OPTIONS.items():
        if isinstance(option.kind, Flag):
            action = argparse.BooleanOptionalAction
            watch.add_argument(f"--{name}", action=action, default=None, help=option.help)
        else:
            add_option(
                watch, name, option, defaults[name], option.help, ["-j", "--jobs"] if name == "jobs" else []
            )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from kquant_hooks.watch.log import Log
    from kquant_hooks.watch.service import serve
    from kquant_hooks.watch.status import print_status, retry

    if arguments.status is not None:
        return print_status(Path(arguments.status), as_json=arguments.json)
    if arguments.retry is not None:
        return retry(Path(arguments.retry))
    try:
        plan = _plan(arguments)
    except (ValueError, OSError) as error:
        print_error(error)
        return EXIT_USAGE
    log = Log(arguments.log)
    try:
        return serve(plan, log)
    finally:
        log.close()


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.inbox is None or (arguments.outbox is None) != arguments.in_place:
        raise ValueError("use INBOX and OUTBOX, or INBOX and --in-place")
    inbox = Path(arguments.inbox)
    if not inbox.is_dir():
        raise ValueError(f"{inbox} is not a folder or does not exist")
    inbox = inbox.resolve()
    outbox = None if arguments.in_place else Path(arguments.outbox).resolve()
    if outbox is not None:
        if outbox == inbox or inbox in outbox.parents or outbox in inbox.parents:
            raise ValueError(
                f"{arguments.inbox} and {arguments.outbox} must not contain each other, as "
                "results would be picked up again; use separate folders"
            )
        outbox.mkdir(parents=True, exist_ok=True)
    return _plan_for(arguments, inbox, outbox)


def _plan_for(arguments: argparse.Namespace, inbox: Path, outbox: Path | None) -> Plan:
    """The plan for two folders that have been checked, with the flags and the current configuration."""
    chosen = config_of(arguments)
    config = find_config(inbox, chosen)
    flags, watch_flags = given_options(arguments), given_options(arguments, WATCH_OPTIONS)
    watch = Watch(**{**(config.watch if config else {}), **watch_flags})
    if outbox is None and watch.originals != "keep":
        raise ValueError(
            f"--originals {watch.originals} cannot be combined with --in-place, where results replace the "
            "originals; leave out one of them"
        )
    base = {"format": SAME if outbox is None else DEFAULT_FORMAT.lower()}
    # A configuration that is dropped into a subfolder is ignored.
    resolve = resolver(flags, chosen, base, inbox, config)
    # Report mistakes before the first file arrives.
    resolve(inbox / "any.png")
    return Plan(
        inbox=inbox,
        outbox=outbox,
        watch=watch,
        resolve=resolve,
        config=config,
        flags=frozenset([*flags, *watch_flags]),
        reload=partial(_plan_for, arguments, inbox, outbox),
        once=arguments.once,
    )
