"""Code in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys


def run_fresh(code: str, *arguments: str) -> str:
    """What ``code`` prints in an interpreter of its own, with ``arguments`` in ``sys.argv[1:]``."""
    command = [sys.executable, "-c", code, *arguments]
    # S603: the command is this interpreter with code of this package.
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
