"""Two or more threads for work on large arrays, where NumPy lets go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Work = Callable[[int], None]

# Where each thread takes much memory, more than this many would not pay.
_FEW_THREADS = 4


@contextmanager
def in_background(start_work: Callable[[], Work], count: int, threads: int | None) -> Iterator[None]:
    """Work in other threads while the body runs; when it has ended, the calling thread joins in.

    Parameters
    ----------
    start_work : callable
        Called once in each thread that takes part, and gives what is then called with 0, ..., ``count - 1``,
        each number in one of the threads: so buffers can be used again and belong to one thread.
    count : int
    threads : int, optional
        How many threads may work at a time; None: as many as this process has cores.
    """
    # Threads draw from one iterator, so that none waits while there is work.
    numbers = iter(range(count))

    def draw() -> None:
        work = start_work()
        for number in numbers:
            work(number)

    others = min(_threads(threads) - 1, count)
    if others < 1:
        yield
        draw()
        return
    # A hook that only asks for the number of cores has no need of it.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(others) as pool:
        drawing = [pool.submit(draw) for _ in range(others)]
        yield
        draw()
        for thread in drawing:
            thread.result()


def for_each(start_work: Callable[[], Work], count: int, threads: int | None) -> None:
    """The same with nothing else to do meanwhile: no thread is started for a single number."""
    with in_background(start_work, count, min(_threads(threads), max(1, count))):
        pass


def few_threads(limit: int | None) -> int:
    """A limit for work that takes much memory in each thread."""
    return min(_FEW_THREADS, _threads(limit))


def _threads(limit: int | None) -> int:
    if limit is not None:
        return limit
    # As with the libraries' own variables of this kind: set by whoever runs several processes at once.
    wanted = os.environ.get("KQUANT_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else cores()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
