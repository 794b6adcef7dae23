"""The environment variables that kquant-hooks reads: the one list, from which the README's table is made."""

from __future__ import annotations

import os

VARIABLES = {
    "KQUANT_NUM_THREADS": "threads for one picture, at least 1; the option 'threads' overrides it",
    "PRE_COMMIT": "set by pre-commit and prek: output has no progress bar and no swatches",
    "CI": "set by CI systems: output has no progress bar and no swatches",
    "GIT_PREFIX": "set by git for its hooks: the same, and suggested commands work in any folder",
    "TERM": "'dumb': output has no progress bar",
    "COLORTERM": "'truecolor' or '24bit': the terminal can show swatches",
    "NO_COLOR": "if not empty: output has no swatches, unless --color always is given",
}
_UNSET = ("", "0", "false")


def number_of_threads() -> int | None:
    """The value of ``KQUANT_NUM_THREADS``; None if it is not set.

    Raises
    ------
    ValueError
        If it is not an integer of at least 1.
    """
    text = os.environ.get("KQUANT_NUM_THREADS", "")
    if text and not (text.isdecimal() and int(text) > 0):
        raise ValueError(
            f"KQUANT_NUM_THREADS={text!r}: expected an integer of at least 1; correct or unset it"
        )
    return int(text) if text else None


def problem_in_environment() -> str:
    """The problem with a variable of this package, as a message; empty if there is none."""
    try:
        number_of_threads()
    except ValueError as error:
        return str(error)
    return ""


def has_runner() -> bool:
    """Whether a runner of hooks, git itself or a CI system started this process."""
    # Git sets its variable to an empty string if the user is at the top of the repository.
    return "GIT_PREFIX" in os.environ or any(
        os.environ.get(name, "") not in _UNSET for name in ("PRE_COMMIT", "CI")
    )


def git_prefix() -> str:
    """The folder in the repository from which the user called git; empty at its top."""
    return os.environ.get("GIT_PREFIX", "")


def has_dumb_terminal() -> bool:
    """Whether the terminal cannot move its cursor."""
    return os.environ.get("TERM") == "dumb"
