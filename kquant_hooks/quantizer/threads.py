"""Threads for work on large arrays, during which NumPy releases Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kquant_hooks.options.environment import number_of_threads

Work = Callable[[int], None]

# If each thread takes much memory, more than this many are not worth it.
_FEW_THREADS = 4


@contextmanager
def in_background(start_work: Callable[[], Work], count: int, threads: int | None) -> Iterator[None]:
    """Work in other threads while the body runs; after it, the calling thread joins in.

    Parameters
    ----------
    start_work : callable
        Called once in each thread. It returns a function that is called with the numbers 0, ..., ``count -
        1``, each in one of the threads, so each thread can reuse its own buffers.
    count : int
    threads : int, optional
        How many threads may work at a time; None: one per core of this process.
    """
    # Threads draw from one iterator, so none waits while there is work.
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
    # Imported late, as a hook that only asks for the number of cores does not need it.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(others) as pool:
        drawing = [pool.submit(draw) for _ in range(others)]
        yield
        draw()
        for thread in drawing:
            thread.result()


def for_each(start_work: Callable[[], Work], count: int, threads: int | None) -> None:
    """The same with nothing to run in the foreground; a single number starts no thread."""
    with in_background(start_work, count, min(_threads(threads), max(1, count))):
        pass


def few_threads(limit: int | None) -> int:
    """A limit for work that takes much memory in each thread."""
    return min(_FEW_THREADS, _threads(limit))


def _threads(limit: int | None) -> int:
    if limit is not None:
        return limit
    return number_of_threads() or cores()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
