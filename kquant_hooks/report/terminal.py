"""A progress bar, and palettes as swatches, which only terminals show."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.palettes.palette import Palette
from kquant_hooks.report.lines import size_in_words

# Shorter work needs no bar.
_DELAY = 1.0


class ProgressBar:
    """Files done, bytes saved and time left, on stderr, once the work has taken over a second."""

    def __init__(self, total: int) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files"),
            TextColumn("{task.fields[saved]} saved"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            # A thread that refreshes the bar would make forking unsafe.
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=total, saved="0 B")
        self._saved = 0
        self._start = time.monotonic()
        self._running = False

    def count(self, outcome: Outcome) -> None:
        """Count a file as done."""
        if outcome.status in ("rewritten", "would-rewrite"):
            self._saved += outcome.bytes_before - outcome.bytes_after
        self._progress.update(self._task, advance=1, saved=size_in_words(max(0, self._saved)))
        self.refresh()

    def refresh(self) -> None:
        """Draw the bar, if it is time."""
        if not self._running and time.monotonic() - self._start > _DELAY:
            self._progress.start()
            self._running = True
        if self._running:
            self._progress.refresh()

    def hide(self) -> None:
        """Remove the bar until it is drawn again."""
        if self._running:
            self._progress.stop()
            self._running = False


def swatches(palette: Palette, *, force: bool) -> str:
    """The palette's colours in one line; empty if the terminal cannot show them."""
    console = _console(force=force)
    return "" if console is None else _cells(console, list(palette)[: max(1, console.width - 2)], "█", "  ")


def cells_of(palette: Palette, *, force: bool) -> list[str]:
    """A cell for each of the palette's colours; empty if the terminal cannot show them."""
    console = _console(force=force)
    return [] if console is None else [_cells(console, [levels], "████", "") + "  " for levels in palette]


def _console(*, force: bool) -> Console | None:
    console = Console(force_terminal=force or None, color_system="truecolor" if force else "auto")
    exact = console.color_system == "truecolor" and (force or not console.no_color)
    return console if exact else None


def _cells(console: Console, colors: list[tuple[int, ...]], cell: str, indent: str) -> str:
    line = Text(indent)
    for red, green, blue, *_ in colors:
        line.append(cell, f"rgb({red},{green},{blue})")
    with console.capture() as captured:
        console.print(line, end="")
    return captured.get()
