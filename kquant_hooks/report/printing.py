"""Where outcomes are said: results on stdout, failures and progress on stderr."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.report.lines import one_line, outcome_line, summary_line
from kquant_hooks.report.screen import can_be_redrawn, can_show_colors

if TYPE_CHECKING:
    from kquant_hooks.report.terminal import ProgressBar


@dataclass(frozen=True, slots=True)
class Style:
    """What is printed, and how.

    Attributes
    ----------
    json, quiet, verbose : bool
    color : {"auto", "always", "never"}
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: Literal["auto", "always", "never"] = "auto"


class Printer:
    """Prints outcomes as they come and a summary at the end.

    Parameters
    ----------
    style : Style
    total : int
        Files that there will be, for a progress bar; 0: there is none.

    Attributes
    ----------
    counted : int
        Files done, said or not.
    complete : bool
        False once something could not be said, other than to a reader who went away.
    """

    def __init__(self, style: Style, total: int) -> None:
        self._style = style
        self._bar: ProgressBar | None = None
        self.counted = 0
        self.complete = True
        self._swatches = style.color == "always" or (style.color == "auto" and can_show_colors(sys.stdout))
        if total and not style.quiet and can_be_redrawn(sys.stderr) and not _is_piped(sys.stdout):
            from kquant_hooks.report.terminal import ProgressBar

            self._bar = ProgressBar(total)

    def count(self, outcome: Outcome) -> None:
        """A file is done, though perhaps its turn to be printed has not come."""
        self.counted += 1
        if self._bar is not None:
            self._bar.count(outcome)

    def tick(self) -> None:
        """Time has passed."""
        if self._bar is not None:
            self._bar.refresh()

    def print(self, outcome: Outcome) -> None:
        """Say what became of a file."""
        self.close()
        if self._style.json:
            from kquant_hooks.report.records import outcome_record

            self.print_line(outcome_record(outcome))
        elif outcome.status == "failed":
            print_error(f"{outcome.path}: {outcome.reason}")
        elif not self._style.quiet and (outcome.status != "unchanged" or self._style.verbose):
            self.print_line(one_line(outcome_line(outcome)))
            if self._swatches and outcome.figures is not None:
                from kquant_hooks.report.terminal import swatches

                if line := swatches(outcome.figures.palette, force=self._style.color == "always"):
                    self.print_line(line)

    def summarize(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Say what became of them all; of one, all has been said."""
        if not (self._style.json or self._style.quiet) and len(outcomes) != 1:
            self.print_line(summary_line(outcomes, seconds))

    def print_line(self, text: str) -> None:
        """Print a line that is not about one outcome."""
        self.complete = print_line(text) and self.complete

    def close(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.hide()


def print_line(text: str) -> bool:
    """Print to stdout; False if that cannot be, other than for a reader who went away."""
    try:
        print(text, flush=True)
    except OSError as error:
        # That is no reason to stop half way.
        silence(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            print_error(f"cannot write to standard output: {error.strerror}")
            return False
    return True


def _is_piped(stream: TextIO) -> bool:
    """Whether a program reads it, which may print on the same terminal."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def silence(stream: TextIO) -> None:
    """Let what is still buffered, and what is to come, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_error(message: object) -> None:
    """One line on stderr, or none if that cannot be written: the exit code says it as well."""
    try:
        print(one_line(f"kquant: {message}"), file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)
