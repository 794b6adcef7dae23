"""Worker processes that take one item each: what kills one of them costs that item and no other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Generic, TypeVar

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
    late : bool
        Whether it was killed as it took too long.
    """

    process: int
    reason: str
    late: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection


@dataclass(frozen=True, slots=True, eq=False)
class _Errand:
    worker: _Worker
    number: int
    start: float


class Crew(Generic[Item, Result]):
    """Processes that call a function, one item each at a time.

    Parameters
    ----------
    work : callable
        Of a module's top level, as it is sent to the processes by name.
    size : int
        Most processes at once, at least 1.
    alone : bool
        Whether a process may have as many threads as there are cores, and not one.
    threads : bool
        Whether this process has threads, beside which it must not fork.
    """

    def __init__(
        self, work: Callable[[Item], Result], size: int, *, alone: bool = False, threads: bool = False
    ) -> None:
        # Forking is quick, and safe where no thread has been started; elsewhere it is not to be had.
        self._context: Any = multiprocessing.get_context(
            "fork" if sys.platform == "linux" and not threads else "spawn"
        )
        self._arguments = (work, alone)
        self._size = size
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Errand] = {}

    @property
    def busy(self) -> int:
        """Items in work."""
        return len(self._busy)

    @property
    def free(self) -> int:
        """Items that can be started at once."""
        return self._size - len(self._busy)

    def start(self, number: int, item: Item) -> None:
        """Give an item to a process that has none, where ``free`` says that there is one."""
        # Some may have been killed while they had nothing to do.
        alive = [worker for worker in self._idle if worker.process.is_alive()]
        worker = alive.pop() if alive else self._hire()
        self._idle = alive
        self._busy[worker.connection] = _Errand(worker, number, time.monotonic())
        try:
            worker.connection.send(item)
        except OSError:
            # It died just now; reading says so.
            return

    def finished(
        self, timeout: float | None, others: Sequence[Connection] = ()
    ) -> list[tuple[int, Result | Crash]]:
        """Numbers and results of what is done, once there is any, time is up or others can be read."""
        results: list[tuple[int, Result | Crash]] = []
        for ready in wait([*self._busy, *others], timeout):
            if ready in others:
                continue
            assert isinstance(ready, Connection)
            errand = self._busy.pop(ready)
            try:
                results.append((errand.number, ready.recv()))
                self._idle.append(errand.worker)
            except (EOFError, OSError):
                results.append((errand.number, _crash(errand.worker)))
        return results

    def overdue(self, limit: float) -> list[tuple[int, Crash]]:
        """Kill the processes that have had an item for longer than ``limit`` seconds."""
        late = [errand for errand in self._busy.values() if time.monotonic() - errand.start > limit]
        for errand in late:
            del self._busy[errand.worker.connection]
            errand.worker.process.kill()
            _crash(errand.worker)
        reason = f"it took more than {limit:g} s"
        return [(errand.number, Crash(errand.worker.process.pid or 0, reason, late=True)) for errand in late]

    def dismiss(self, patience: float = _PATIENCE) -> None:
        """End all processes; those with an item have some seconds to undo what they are about to write."""
        workers = [*(errand.worker for errand in self._busy.values()), *self._idle]
        self._busy, self._idle = {}, []
        for worker in workers:
            worker.process.terminate()
        end = time.monotonic() + patience
        for worker in workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()

    def _hire(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, *self._arguments), daemon=True)
        # A forked worker must not be interrupted before it has said what an interrupt is to it.
        with _signals_held():
            process.start()
        there.close()
        return _Worker(process, here)


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
    work, jobs, alone :
        See ``Crew``.
    items : iterable
        Taken one by one, as processes become free.
    tick : callable
        Called several times a second while nothing comes.
    """
    crew: Crew[Item, Result] = Crew(work, jobs, alone=alone)
    waiting = iter(enumerate(items))
    try:
        while True:
            while crew.free and (entry := next(waiting, None)) is not None:
                crew.start(*entry)
            if not crew.busy:
                return
            finished = crew.finished(_TICK)
            if not finished:
                tick()
            yield from finished
    finally:
        crew.dismiss()


def _serve(connection: Connection, work: Callable[[Item], Result], alone: bool) -> None:  # noqa: FBT001  sent
    """What a worker process does: items in, results out, until the parent closes its end or is gone."""
    # The parent decides what an interrupt means; being stopped unwinds what is in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
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
