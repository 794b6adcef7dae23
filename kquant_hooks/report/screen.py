"""Who sees what is printed: a person at a terminal, or a program that captures it."""

from __future__ import annotations

import os
import sys
from typing import TextIO

# Of pre-commit and prek, and of most CI systems. Runners may give what they run a terminal of its own, and
# put into their report what it shows.
_RUNNERS = ("PRE_COMMIT", "CI")
_UNSET = {None, "", "0", "false"}


def can_show_colors(stream: TextIO) -> bool:
    """Whether colours are worth while: it is a terminal, and no runner's."""
    return stream.isatty() and not under_runner()


def can_be_drawn_on(stream: TextIO) -> bool:
    """Whether what was shown can be drawn anew: it is the terminal that this command is used at."""
    return can_show_colors(stream) and os.environ.get("TERM") != "dumb" and _is_in_foreground(stream)


def under_runner() -> bool:
    """Whether a runner of hooks, git itself or a CI system started this process."""
    # Git says in which folder of the repository its hooks are run: at the top, as an empty text.
    return "GIT_PREFIX" in os.environ or any(os.environ.get(name) not in _UNSET for name in _RUNNERS)


def _is_in_foreground(stream: TextIO) -> bool:
    """Whether keys that are pressed there are for this process: not in a capturing program's terminal."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:
        return False
