"""``kquant``, whose workers wait at a point of their work until the command is gone: run by tests.

The point is named by the environment, and so is a folder, where each worker that comes to it leaves a file.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from kquant_hooks.assets import process
from kquant_hooks.cli import main
from kquant_hooks.disk import atomic

DEADLINE = 60
# Functions, before whose work a worker waits.
POINTS = {
    "before it reads": (process, "read_version"),
    "before it quantizes": (process, "outcome_and_bytes"),
    "before it writes": (atomic, "_write"),
    "before it looks whether the bytes are on the disk": (atomic, "_sync"),
}


def wait_for_the_end_of(parent: int) -> None:
    Path(os.environ["ORPHANS_REACHED"], str(os.getpid())).touch()
    end = time.monotonic() + DEADLINE
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.005)


def wait_before(owner, name: str) -> None:
    before, command = getattr(owner, name), os.getpid()

    def waiting(*arguments, **options):
        if os.getppid() == command:
            wait_for_the_end_of(command)
        return before(*arguments, **options)

    setattr(owner, name, waiting)


if __name__ == "__main__":
    wait_before(*POINTS[os.environ["ORPHANS_POINT"]])
    sys.exit(main())
