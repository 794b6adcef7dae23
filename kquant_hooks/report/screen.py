"""Whether a person at a terminal sees what is printed, or a program captures it."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from kquant_hooks.options.environment import has_dumb_terminal, has_runner


def can_show_colors(stream: TextIO) -> bool:
    """Whether to print swatches: the stream is a terminal, and no runner of hooks has started this process.

    Runners may run a hook in a separate terminal, and show in their report what it has printed there.
    """
    return stream.isatty() and not has_runner()


def can_be_redrawn(stream: TextIO) -> bool:
    """Whether to draw a progress bar: the stream is the terminal that the user of this process looks at."""
    return can_show_colors(stream) and not has_dumb_terminal() and _is_in_foreground(stream)


def _is_in_foreground(stream: TextIO) -> bool:
    """Whether keys pressed at the terminal reach this process, and not a program that captures it."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return False
