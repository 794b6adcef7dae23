"""What a worker process does: items in, results out, as long as whoever started it is there."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # What a pipe's ends have in common on all systems has no public name.
    from multiprocessing.connection import _ConnectionBase

    Connection = _ConnectionBase[Any, Any]

# Of this package, of the linear algebra libraries and of oxipng.
_THREADS = (
    "KQUANT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


def serve(
    connection: Connection,
    inherited: Sequence[Connection],
    work: Callable[[Any], Any],
    alone: bool,  # noqa: FBT001  sent
) -> None:
    """Call ``work`` for each item, until the parent closes its end or is gone.

    Parameters
    ----------
    connection : Connection
    inherited : sequence of Connection
        The parent's ends, of which a forked process has copies. While it held them open, neither this worker
        nor its siblings would hear that the parent is gone.
    work : callable
    alone : bool
        Whether it may have as many threads as there are cores, and not one.
    """
    # The parent decides what an interrupt means; being stopped unwinds what is in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _leave)
    _let_signals_in()
    for other in inherited:
        other.close()
    # C libraries print their complaints about broken files.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if not alone:
        for name in _THREADS:
            os.environ[name] = "1"
    try:
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def leave_if_orphaned() -> None:
    """End this process, if it is a worker whose parent is gone: called just before something is replaced.

    Nobody would say what it did, and another run may be at work already, with other settings.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # Whether it is alive cannot be asked of a forked worker: its siblings hold open what would tell.
    gone = not parent.is_alive() if sys.platform == "win32" else os.getppid() != parent.pid
    if gone:
        raise SystemExit(1)


@contextmanager
def signals_held() -> Iterator[None]:
    """Keep signals for later: a forked worker must not have one before it has said what it is to it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_signals_in() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)
