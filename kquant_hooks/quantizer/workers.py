"""Two or more threads for work on large arrays, where NumPy lets go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise


def in_slices(work: Callable[[slice], None], length: int, least: int) -> None:
    """Call ``work`` with slices that cover ``length``, at once on the cores that this process may use.

    A slice has at least ``least`` items, so that small work stays on the calling thread.
    """
    count = max(1, min(_threads(), length // least))
    bounds = [length * part // count for part in range(count + 1)]
    slices = [slice(start, stop) for start, stop in pairwise(bounds)]
    if count == 1:
        work(slices[0])
        return
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, slices))


def _threads() -> int:
    # As with the libraries' own variables of this kind: set by whoever runs several processes at once.
    limit = os.environ.get("KQUANT_NUM_THREADS", "")
    return int(limit) if limit.isdecimal() and int(limit) > 0 else cores()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
