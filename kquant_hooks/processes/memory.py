"""A limit of memory, which the system holds."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_limited(most: int | None) -> Iterator[None]:
    """Have this process refused more memory than so many bytes beside what it has, where the system is Linux.

    What is limited is memory of its own that it may write to, used or not. Limits of the address space would
    count what allocators and libraries of linear algebra only reserve.
    """
    if most is None or sys.platform != "linux":
        yield
        return
    import resource

    before, high = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (before, high) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([_memory() + most, sys.maxsize, *limits]), high))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, high))


def _memory() -> int:
    """Bytes of memory of its own that this process may write to."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except OSError:
        # Where it is not mounted, what there is counts as well.
        return 0
    return pages * mmap.PAGESIZE
