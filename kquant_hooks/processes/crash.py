"""How a worker process ended before its item was finished."""

from __future__ import annotations

import signal
from dataclasses import dataclass

# How a process ends when memory runs out: killed by the system, or by C++, Rust or a linear algebra library.
_OUT_OF_MEMORY_REASONS = {"SIGKILL", "SIGABRT", "exit code 1"}


@dataclass(frozen=True, slots=True)
class Crash:
    """A worker process that ended before it had finished its item.

    Attributes
    ----------
    process : int
        Its process number.
    reason : str
        Such as ``SIGSEGV`` or ``exit code 1``.
    timed_out : bool
        Whether it was killed because it took too long.
    """

    process: int
    reason: str
    timed_out: bool = False

    @property
    def message(self) -> str:
        """What happened to the item, and what may help."""
        if self.timed_out:
            return f"{self.reason}; a higher limit may help"
        message = f"the process that decoded it crashed ({self.reason})"
        if self.reason in _OUT_OF_MEMORY_REASONS:
            message += ", possibly out of memory; a different max-memory or fewer jobs may help"
        return message


def exit_reason(code: int | None) -> str:
    """The reason for an exit code: a signal's name if it is negative."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        # Most real-time signals have no name.
        return f"signal {-code}"
