"""Printing of outcomes: results on stdout, failures and progress on stderr."""

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
        Number of files, for a progress bar; 0: none is drawn.

    Attributes
    ----------
    counted : int
        Number of files done, printed or not.
    complete : bool
        False once something could not be printed, unless the reader has closed the pipe.
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
        """Count a file as done, which may be printed later."""
        self.counted += 1
        if self._bar is not None:
            self._bar.count(outcome)

    def tick(self) -> None:
        """Redraw the progress bar as time passes."""
        if self._bar is not None:
            self._bar.refresh()

    def print(self, outcome: Outcome) -> None:
        """Print the outcome of a file."""
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
        """Print a summary, unless there was only one file."""
        if not (self._style.json or self._style.quiet) and len(outcomes) != 1:
            self.print_line(summary_line(outcomes, seconds))

    def print_line(self, text: str) -> None:
        """Print a line that is not about one outcome."""
        self.complete = print_line(text) and self.complete

    def close(self) -> None:
        """Remove the progress bar."""
        if self._bar is not None:
            self._bar.hide()


def print_line(text: str) -> bool:
    """Print to stdout; False if that fails, unless the reader has closed the pipe."""
    try:
        print(text, flush=True)
    except OSError as error:
        # This is no reason to stop halfway.
        silence(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            print_error(f"cannot write to standard output: {error.strerror}")
            return False
    return True


def _is_piped(stream: TextIO) -> bool:
    """Whether a program reads the stream, which may print to the same terminal."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def silence(stream: TextIO) -> None:
    """Discard what is buffered, and what will be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_error(message: object) -> None:
    """Print one line on stderr; if that fails, the exit code still reports the error."""
    try:
        print(one_line(f"kquant: {message}"), file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)
