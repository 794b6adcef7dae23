"""A memory limit that the system enforces."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_limited(limit: int | None) -> Iterator[None]:
    """Let this process allocate at most ``limit`` more bytes. Only Linux enforces it.

    The limit applies to private writable memory, used or not. A limit on the address space would also count
    what allocators and linear algebra libraries only reserve.
    """
    if limit is None or sys.platform != "linux":
        yield
        return
    import resource

    before, high = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [value for value in (before, high) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([_writable_memory() + limit, sys.maxsize, *limits]), high))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, high))


def _writable_memory() -> int:
    """Bytes of private writable memory that this process has."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except OSError:
        # Without /proc, the limit includes the memory that the process already has.
        return 0
    return pages * mmap.PAGESIZE
