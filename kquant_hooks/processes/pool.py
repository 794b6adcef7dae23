"""Worker processes that take one item each: what kills one of them costs that item and no other."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kquant_hooks.processes.worker import serve, signals_held

if TYPE_CHECKING:
    from kquant_hooks.processes.worker import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")

_TICK = 0.2
# Whoever has not looked for so many seconds was stopped.
_STOPPED = 10.0
# How the system ends a process when memory runs out, how C++ and Rust do, and libraries of linear algebra.
_WITHOUT_MEMORY = {"SIGKILL", "SIGABRT", "exit code 1"}
# Time for a worker to undo what it is about to write.
_PATIENCE = 10.0


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

    @property
    def sentence(self) -> str:
        """What it means for the item."""
        if self.late:
            return f"{self.reason}; a higher limit may help"
        sentence = f"the process that decoded it crashed ({self.reason})"
        if self.reason in _WITHOUT_MEMORY:
            sentence += ", as where memory runs out; another max-memory or fewer jobs may help"
        return sentence


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: Connection


@dataclass(frozen=True, slots=True, eq=False)
class _Errand:
    worker: _Worker
    number: int
    # When it is overdue, in seconds of the crew's clock, and what it was given.
    end: float
    limit: float


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
        self._forks = sys.platform == "linux" and not threads
        self._context: Any = multiprocessing.get_context("fork" if self._forks else "spawn")
        self._arguments = (work, alone)
        self._size = self._most = size
        self._idle: list[_Worker] = []
        self._busy: list[_Errand] = []
        # When this process last looked, and how long it has been stopped.
        self._looked = time.monotonic()
        self._stopped = 0.0

    @property
    def busy(self) -> int:
        """Items in work."""
        return len(self._busy)

    @property
    def free(self) -> int:
        """Items that there is room for."""
        return max(0, self._size - len(self._busy))

    def resize(self, size: int) -> None:
        """Have another number of processes at most; items in work come to their end."""
        self._size = self._most = size

    def ready(self) -> bool:
        """Whether an item can be started: there is a process without one, or a new one could be had.

        Where no more processes or files are to be had, those that there are do the work.

        Raises
        ------
        OSError
            If there are none.
        """
        # Some may have been killed while they had nothing to do.
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        if not self._idle and self.free:
            try:
                self._idle.append(self._hire())
            except OSError:
                if not self._busy:
                    raise
                self._size = len(self._busy)
        return bool(self._idle and self.free)

    def start(self, number: int, item: Item, limit: float = inf) -> None:
        """Give an item to a process that has none, where ``ready`` says that there is one.

        Parameters
        ----------
        number : int
            For the result.
        item : object
        limit : float
            Seconds after which it is overdue.
        """
        worker = self._idle.pop()
        self._busy.append(_Errand(worker, number, self._now() + limit, limit))
        try:
            worker.connection.send(item)
        except OSError:
            # It died just now; reading says so.
            return

    def finished(
        self, timeout: float | None, others: Sequence[Connection] = ()
    ) -> list[tuple[int, Result | Crash]]:
        """Numbers and results of what is done, once there is any, time is up or others can be read.

        While items are in work, time is up after a few seconds, so that ``overdue`` can be asked.
        """
        if self._busy:
            left = min(errand.end for errand in self._busy) - self._now()
            timeout = max(0.0, min(inf if timeout is None else timeout, left, _STOPPED / 2))
        ready = wait([*(errand.worker.connection for errand in self._busy), *others], timeout)
        done = [errand for errand in self._busy if errand.worker.connection in ready]
        if done:
            self._size = self._most
        return [(errand.number, self._result(errand)) for errand in done]

    def overdue(self) -> list[tuple[int, Crash]]:
        """Kill the processes that have had an item for longer than they were given."""
        now = self._now()
        late = [e for e in self._busy if now > e.end and not e.worker.connection.poll()]
        return [(errand.number, self._give_up(errand)) for errand in late]

    def dismiss(self, patience: float = _PATIENCE) -> None:
        """End all processes; those with an item have some seconds to undo what they are about to write."""
        busy, idle = [errand.worker for errand in self._busy], self._idle
        self._busy, self._idle = [], []
        for worker in busy:
            worker.process.terminate()
        for worker in idle:
            # Nothing is in its hands, and it may have been told to ignore being asked.
            worker.process.kill()
        end = time.monotonic() + patience
        for worker in [*busy, *idle]:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()

    def _now(self) -> float:
        """Seconds of a clock that stands still while this process is stopped, as the others are by Ctrl-Z."""
        now = time.monotonic()
        if self._busy and now - self._looked > _STOPPED:
            self._stopped += now - self._looked
        self._looked = now
        return now - self._stopped

    def _result(self, errand: _Errand) -> Result | Crash:
        self._busy.remove(errand)
        try:
            result: Result = errand.worker.connection.recv()
        except (EOFError, OSError):
            return _crash(errand.worker)
        self._idle.append(errand.worker)
        return result

    def _give_up(self, errand: _Errand) -> Crash:
        self._busy.remove(errand)
        errand.worker.process.kill()
        crash = _crash(errand.worker)
        return replace(crash, reason=f"it took more than timeout={errand.limit:g}s", late=True)

    def _workers(self) -> list[_Worker]:
        return [*(errand.worker for errand in self._busy), *self._idle]

    def _hire(self) -> _Worker:
        here, there = self._context.Pipe()
        inherited = [here, *(worker.connection for worker in self._workers())] if self._forks else []
        arguments = (there, inherited, *self._arguments)
        process = self._context.Process(target=serve, args=arguments, daemon=True)
        with signals_held():
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
    limit: Callable[[Item], float] = lambda _: inf,
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
    limit : callable
        Seconds that an item may take, after which its process is killed.
    """
    crew: Crew[Item, Result] = Crew(work, jobs, alone=alone)
    waiting = iter(enumerate(items))
    entry = next(waiting, None)
    try:
        while True:
            while entry is not None and crew.ready():
                number, item = entry
                crew.start(number, item, limit(item))
                entry = next(waiting, None)
            if not crew.busy:
                return
            finished = crew.finished(_TICK) + crew.overdue()
            if not finished:
                tick()
            yield from finished
    finally:
        crew.dismiss()


def _crash(worker: _Worker) -> Crash:
    worker.process.join(_PATIENCE)
    if worker.process.exitcode is None:
        # It has closed its end and goes on, which no process of ours does.
        worker.process.kill()
        worker.process.join(_PATIENCE)
    code = worker.process.exitcode
    number = worker.process.pid or 0
    worker.connection.close()
    if code is not None and code < 0:
        return Crash(number, _signal_name(-code))
    return Crash(number, f"exit code {code}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Most of the real-time signals have none.
        return f"signal {number}"
