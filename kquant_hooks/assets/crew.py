"""Worker processes that take one item each: what kills one of them costs that item and no other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_TICK = 0.2
_HELD = {signal.SIGINT, signal.SIGTERM}
# Time for a worker to undo what it is about to write.
_PATIENCE = 10.0
# Of this package, of the linear algebra libraries and of oxipng.
_THREADS = (
    "KQUANT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Crash:
    """A worker process that ended in the middle of an item.

    Attributes
    ----------
    process : int
        Its number.
    reason : str
        Such as ``SIGSEGV`` or ``exit code 1``.
    """

    process: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection


def run_each(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    tick: Callable[[], None] = lambda: None,
    *,
    alone: bool = False,
) -> Iterator[tuple[int, Result | Crash]]:
    """Call ``work`` for each item in one of ``jobs`` processes; yields its number and result as they come.

    Parameters
    ----------
    work : callable
        Of a module's top level, as it is sent to the processes by name.
    items : iterable
        Taken one by one, as processes become free.
    jobs : int
        At least 1.
    tick : callable
        Called several times a second while nothing comes.
    alone : bool
        Whether a process may have as many threads as there are cores, and not one.
    """
    # Forking is quick, and safe where no thread has been started; elsewhere it is not to be had.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    idle: list[_Worker] = []
    busy: dict[Connection, tuple[_Worker, int]] = {}
    waiting = iter(enumerate(items))

    def start() -> _Worker:
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, work, alone), daemon=True)
        # A forked worker must not be interrupted before it has said what an interrupt is to it.
        with _signals_held():
            process.start()
        there.close()
        return _Worker(process, here)

    try:
        while True:
            while len(busy) < jobs and (entry := next(waiting, None)) is not None:
                worker = idle.pop() if idle else start()
                busy[worker.connection] = (worker, entry[0])
                worker.connection.send(entry[1])
            if not busy:
                return
            finished = wait(list(busy), _TICK)
            if not finished:
                tick()
            for ready in finished:
                assert isinstance(ready, Connection)
                worker, index = busy.pop(ready)
                try:
                    result: Result | Crash = ready.recv()
                    idle.append(worker)
                except (EOFError, ConnectionResetError):
                    result = _crash(worker)
                yield index, result
    finally:
        _dismiss(idle, [worker for worker, _ in busy.values()])


def _serve(connection: Connection, work: Callable[[Item], Result], alone: bool) -> None:  # noqa: FBT001  sent
    """What a worker process does: items in, results out, until the parent closes its end or is gone."""
    # The parent decides what an interrupt means; being stopped unwinds what is in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    _let_signals_in()
    # C libraries print their complaints about broken files.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    parent = multiprocessing.parent_process()
    if not alone:
        for name in _THREADS:
            os.environ[name] = "1"
    try:
        while True:
            while not connection.poll(1):
                # Forked workers hold the parent's ends open, so that these do not close with the parent.
                if parent is not None and not parent.is_alive():
                    return
            connection.send(work(connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@contextmanager
def _signals_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_signals_in() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)


def _crash(worker: _Worker) -> Crash:
    worker.process.join(_PATIENCE)
    code = worker.process.exitcode
    number = worker.process.pid or 0
    worker.connection.close()
    if code is not None and code < 0:
        return Crash(number, signal.Signals(-code).name)
    return Crash(number, f"exit code {code}")


def _dismiss(idle: list[_Worker], busy: list[_Worker]) -> None:
    for worker in busy:
        worker.process.terminate()
    for worker in idle:
        worker.process.terminate()
        worker.connection.close()
    for worker in busy + idle:
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
