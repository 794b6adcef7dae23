"""The loop of a worker process: it receives items and sends results until its parent is gone."""

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
    # The common type of a pipe's ends has no public name.
    from multiprocessing.connection import _ConnectionBase

    Connection = _ConnectionBase[Any, Any]

# Thread-count variables of this package, the linear algebra libraries and oxipng.
_THREAD_VARIABLES = (
    "KQUANT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


def run_worker(
    connection: Connection,
    inherited: Sequence[Connection],
    work: Callable[[Any], Any],
    all_cores: bool,  # noqa: FBT001  Process passes it by position
) -> None:
    """Call ``work`` for each item, until the parent closes its end of the pipe or is gone.

    Parameters
    ----------
    connection : Connection
    inherited : sequence of Connection
        The parent's ends of the pipes. A forked process has copies of them; as long as it holds these open,
        neither this worker nor its siblings notice that the parent is gone.
    work : callable
    all_cores : bool
        Whether this process may use a thread per core; False: one thread.
    """
    # Only the parent reacts to an interrupt. SIGTERM unwinds the stack, so that unfinished work is undone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _exit)
    _unblock_signals()
    for other in inherited:
        other.close()
    # C libraries print messages about broken files.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    if not all_cores:
        for name in _THREAD_VARIABLES:
            os.environ[name] = "1"
    try:
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def exit_if_orphaned() -> None:
    """Exit if this is a worker whose parent is gone. Called just before a file is replaced.

    Nobody would report the change, and another run may have started already, with other settings.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # A forked worker cannot ask ``is_alive``: its siblings hold open the pipe that would tell.
    is_gone = not parent.is_alive() if sys.platform == "win32" else os.getppid() != parent.pid
    if is_gone:
        raise SystemExit(1)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Delay signals: a forked worker must not receive one before it has set its handlers."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _unblock_signals() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def _exit(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)
