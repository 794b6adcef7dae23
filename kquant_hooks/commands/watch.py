"""Command: ``kquant watch``."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from kquant_hooks.commands.arguments import add_config, add_option, add_options, config_of, given_options
from kquant_hooks.config.applying import FILE_NAME, appliers, configuration
from kquant_hooks.options.kinds import Flag
from kquant_hooks.options.option import defaults_of
from kquant_hooks.options.watch import WATCH_OPTIONS, Watch
from kquant_hooks.report.exits import EXIT_USAGE
from kquant_hooks.report.printing import complain
from kquant_hooks.watch.plan import Plan

_EXAMPLES = f"""\
examples:
  kquant watch inbox outbox --colors 16
  kquant watch inbox outbox --format same --originals archive
  kquant watch sprites --in-place --palette '#1a1c2c,#5d275d,#b13e53'
  kquant watch inbox outbox --once              what is there now, then end
  kquant watch --status outbox                  what became of the files
  kquant watch --retry outbox                   the failed ones once more

Rules for files and a section 'watch:' are read from the nearest {FILE_NAME} above them, at the start and
again on SIGHUP; flags have the say over it.

exit codes: 0 stopped as asked, or (--once) nothing is left to do; 2 usage, or another one is at work; 3
the ledger cannot be used, or (--once, --status) a file failed; 130 stopped at once, or the terminal of
its log was closed
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments and its help."""
    parser.description = (
        "Quantize what is dropped into a folder, whatever Pillow reads, into another folder, as PNG unless "
        "told otherwise. Nothing is lost: a file is taken once it is whole, its result is written whole or "
        "not at all, and what a crash interrupts is done at the next start."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("inbox", nargs="?", metavar="INBOX", help="the folder to watch")
    parser.add_argument(
        "outbox", nargs="?", metavar="OUTBOX", help="the folder of results; made if it is not there"
    )
    parser.add_argument(
        "--in-place", action="store_true", help="rewrite the files themselves; without OUTBOX"
    )
    parser.add_argument("--once", action="store_true", help="end once nothing is left to do")
    parser.add_argument("--status", metavar="OUTBOX", help="only print what became of the files")
    parser.add_argument("--retry", metavar="OUTBOX", help="only have the failed files tried again")
    parser.add_argument("--json", action="store_true", help="with --status: print a JSON object")
    parser.add_argument(
        "--log", choices=("text", "json"), default="text", help="what a line of the log is (default: text)"
    )
    add_config(parser)
    add_options(parser, {"format": "png, or same with --in-place"})
    watch = parser.add_argument_group("how files are taken in")
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
    from kquant_hooks.watch.status import retry, tell

    if arguments.status is not None:
        return tell(Path(arguments.status), as_json=arguments.json)
    if arguments.retry is not None:
        return retry(Path(arguments.retry))
    try:
        plan = _plan(arguments)
    except (ValueError, OSError) as error:
        complain(error)
        return EXIT_USAGE
    log = Log(arguments.log)
    try:
        return serve(plan, log)
    finally:
        log.close()


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.inbox is None or (arguments.outbox is None) != arguments.in_place:
        raise ValueError("give INBOX and OUTBOX, or INBOX and --in-place")
    inbox = Path(arguments.inbox)
    if not inbox.is_dir():
        raise ValueError(f"{inbox} is no folder")
    inbox = inbox.resolve()
    outbox = None if arguments.in_place else Path(arguments.outbox).resolve()
    if outbox is not None:
        if outbox == inbox or inbox in outbox.parents or outbox in inbox.parents:
            raise ValueError(
                f"{arguments.outbox} and {arguments.inbox} lie in one another; results would come in again"
            )
        outbox.mkdir(parents=True, exist_ok=True)
    return _plan_for(arguments, inbox, outbox)


def _plan_for(arguments: argparse.Namespace, inbox: Path, outbox: Path | None) -> Plan:
    """The plan for two folders that were looked at, with what flags and configuration say now."""
    chosen = config_of(arguments)
    config = configuration(inbox, chosen)
    flags, watch_flags = given_options(arguments), given_options(arguments, WATCH_OPTIONS)
    watch = Watch(**{**(config.watch if config else {}), **watch_flags})
    if outbox is None and watch.originals != "keep":
        raise ValueError(
            f"--originals {watch.originals} and --in-place: there are no originals beside the results"
        )
    base = {"format": "same" if outbox is None else "png"}
    # What is dropped brings no rules of its own.
    applied_to = appliers(flags, chosen, base, inbox, config)
    # A mistake is to be known before the first file comes.
    applied_to(inbox / "any.png")
    return Plan(
        inbox=inbox,
        outbox=outbox,
        watch=watch,
        applied_to=applied_to,
        config=config,
        flags=frozenset([*flags, *watch_flags]),
        again=partial(_plan_for, arguments, inbox, outbox),
        once=arguments.once,
    )
