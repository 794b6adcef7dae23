"""A pool of worker processes that take one item each: a crash costs that item and no other."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kquant_hooks.processes.crash import Crash, exit_reason
from kquant_hooks.processes.worker import run_worker, signals_blocked

if TYPE_CHECKING:
    from kquant_hooks.processes.worker import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")

_TICK_SECONDS = 0.2
# A process that has not read the clock for this many seconds was suspended.
_SUSPENDED_SECONDS = 10.0
# Seconds that a worker has to undo what it is writing.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """An item that a worker is processing.

    Attributes
    ----------
    deadline : float
        In seconds of the pool's clock.
    limit : float
        Its time limit in seconds.
    """

    worker: _Worker
    number: int
    deadline: float
    limit: float


class WorkerPool(Generic[Item, Result]):
    """Processes that call a function, each for one item at a time.

    Parameters
    ----------
    work : callable
        A function at the top level of a module: processes receive it by name.
    size : int
        The largest number of processes, at least 1.
    all_cores : bool
        Whether each process may use a thread per core; False: one thread.
    threads : bool
        Whether this process has threads, which makes forking unsafe.
    """

    def __init__(
        self, work: Callable[[Item], Result], size: int, *, all_cores: bool = False, threads: bool = False
    ) -> None:
        # Forking is fast, and safe as long as no thread has been started; only Linux offers that.
        self._forks = sys.platform == "linux" and not threads
        self._context: Any = multiprocessing.get_context("fork" if self._forks else "spawn")
        self._arguments = (work, all_cores)
        # The number of processes asked for, and that which the system allows at the moment.
        self._size = self._usable_size = size
        self._idle: list[_Worker] = []
        self._running: list[_Running] = []
        # When this process last read the clock, and the seconds for which it was suspended.
        self._last_read = time.monotonic()
        self._suspended = 0.0

    @property
    def busy(self) -> int:
        """The number of items that are being processed."""
        return len(self._running)

    @property
    def free(self) -> int:
        """The number of further items that can be started."""
        return max(0, self._usable_size - len(self._running))

    def resize(self, size: int) -> None:
        """Change the number of processes; items that are being processed are finished."""
        self._size = self._usable_size = size

    def can_start(self) -> bool:
        """Whether an item can be started: a process is idle, or a new one has just been started for it.

        If the system refuses further processes or files, the existing processes do the work.

        Raises
        ------
        OSError
            If the system refuses and no process exists.
        """
        # The system may have killed some while they were idle.
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        if not self._idle and self.free:
            try:
                self._idle.append(self._start_worker())
            except OSError:
                if not self._running:
                    raise
                self._usable_size = len(self._running)
        return bool(self._idle and self.free)

    def start(self, number: int, item: Item, limit: float = inf) -> None:
        """Give an item to an idle process, after ``can_start`` has returned True.

        Parameters
        ----------
        number : int
            Identifies the result.
        item : object
        limit : float
            Seconds until it is overdue.
        """
        worker = self._idle.pop()
        self._running.append(_Running(worker, number, self._now() + limit, limit))
        try:
            worker.connection.send(item)
        except OSError:
            # The process has just died; ``wait`` reports the crash.
            return

    def wait(
        self, timeout: float | None, others: Sequence[Connection] = ()
    ) -> list[tuple[int, Result | Crash]]:
        """Wait until an item is finished, one of ``others`` can be read, or the time is up.

        While items are being processed, it returns after a few seconds, so that ``kill_overdue`` can be
        called.

        Returns
        -------
        list of (int, Result or Crash)
            Numbers and results of the finished items.
        """
        if self._running:
            left = min(running.deadline for running in self._running) - self._now()
            timeout = max(0.0, min(inf if timeout is None else timeout, left, _SUSPENDED_SECONDS / 2))
        ready = wait_for_any([*(running.worker.connection for running in self._running), *others], timeout)
        finished = [running for running in self._running if running.worker.connection in ready]
        if finished:
            self._usable_size = self._size
        return [(running.number, self._result_of(running)) for running in finished]

    def kill_overdue(self) -> list[tuple[int, Crash]]:
        """Kill the processes whose items have exceeded their limits."""
        now = self._now()
        overdue = [
            running
            for running in self._running
            if now > running.deadline and not running.worker.connection.poll()
        ]
        return [(running.number, self._kill(running)) for running in overdue]

    def shutdown(self, grace: float = _GRACE_SECONDS) -> None:
        """End all processes; busy ones have ``grace`` seconds to undo what they are writing."""
        busy, idle = [running.worker for running in self._running], self._idle
        self._running, self._idle = [], []
        for worker in busy:
            worker.process.terminate()
        for worker in idle:
            # It has nothing to undo, and may ignore SIGTERM.
            worker.process.kill()
        end = time.monotonic() + grace
        for worker in [*busy, *idle]:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()

    def _now(self) -> float:
        """Seconds of a clock that stops while this process and its workers are suspended, as by Ctrl-Z."""
        now = time.monotonic()
        if self._running and now - self._last_read > _SUSPENDED_SECONDS:
            self._suspended += now - self._last_read
        self._last_read = now
        return now - self._suspended

    def _result_of(self, running: _Running) -> Result | Crash:
        self._running.remove(running)
        try:
            result: Result = running.worker.connection.recv()
        except (EOFError, OSError):
            return _crash_of(running.worker)
        self._idle.append(running.worker)
        return result

    def _kill(self, running: _Running) -> Crash:
        self._running.remove(running)
        running.worker.process.kill()
        crash = _crash_of(running.worker)
        return replace(crash, reason=f"it took more than timeout={running.limit:g}s", timed_out=True)

    def _workers(self) -> list[_Worker]:
        return [*(running.worker for running in self._running), *self._idle]

    def _start_worker(self) -> _Worker:
        here, there = self._context.Pipe()
        inherited = [here, *(worker.connection for worker in self._workers())] if self._forks else []
        arguments = (there, inherited, *self._arguments)
        process = self._context.Process(target=run_worker, args=arguments, daemon=True)
        with signals_blocked():
            process.start()
        there.close()
        return _Worker(process, here)


def run_each(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    tick: Callable[[], None] = lambda: None,
    *,
    all_cores: bool = False,
    limit: Callable[[Item], float] = lambda _: inf,
) -> Iterator[tuple[int, Result | Crash]]:
    """Call ``work`` for each item in one of ``jobs`` processes, and yield numbers and results as they come.

    Parameters
    ----------
    work, jobs, all_cores :
        See ``WorkerPool``.
    items : iterable
        Taken one by one, as processes become free.
    tick : callable
        Called several times a second while no item is finished.
    limit : callable
        Returns the seconds that an item may take before its process is killed.
    """
    pool: WorkerPool[Item, Result] = WorkerPool(work, jobs, all_cores=all_cores)
    waiting = iter(enumerate(items))
    entry = next(waiting, None)
    try:
        while True:
            while entry is not None and pool.can_start():
                number, item = entry
                pool.start(number, item, limit(item))
                entry = next(waiting, None)
            if not pool.busy:
                return
            finished = pool.wait(_TICK_SECONDS) + pool.kill_overdue()
            if not finished:
                tick()
            yield from finished
    finally:
        pool.shutdown()


def _crash_of(worker: _Worker) -> Crash:
    worker.process.join(_GRACE_SECONDS)
    if worker.process.exitcode is None:
        # It has closed its end but is still running. Our own code never does that.
        worker.process.kill()
        worker.process.join(_GRACE_SECONDS)
    worker.connection.close()
    return Crash(worker.process.pid or 0, exit_reason(worker.process.exitcode))
