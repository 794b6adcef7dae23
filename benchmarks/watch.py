"""The daemon under load and idle: ``python -m benchmarks.watch --files 5000`` (Linux).

Small pictures are dropped all at once; said are the time until all are published, the memory of the daemon
and of its workers at the start and at the end of it, and the processor time of all of them while idle.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, sleep

import numpy as np
from PIL import Image

_DEADLINE = 3600
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch", description=__doc__)
    parser.add_argument("--files", type=int, default=5000, metavar="N")
    parser.add_argument("--idle", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--polling", action="store_true")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        inbox, outbox = Path(scratch, "in"), Path(scratch, "out")
        inbox.mkdir()
        command = [sys.executable, "-m", "kquant_hooks", "watch", str(inbox), str(outbox), "-c", "16"]
        # S603: the command is made of this module's own words.
        with subprocess.Popen(  # noqa: S603
            [*command, *["--polling"] * arguments.polling], stdout=subprocess.DEVNULL
        ) as daemon:
            try:
                _measure(daemon.pid, inbox, outbox, arguments.files, arguments.idle)
            finally:
                daemon.terminate()
    return 0


def _measure(daemon: int, inbox: Path, outbox: Path, files: int, idle: float) -> None:
    pictures = [_icon(seed) for seed in range(50)]

    def published() -> int:
        return sum(entry.name.endswith(".png") for entry in os.scandir(outbox)) if outbox.exists() else 0

    start = monotonic()
    for number in range(files):
        (inbox / f"{number:06}.png").write_bytes(pictures[number % len(pictures)])
    print(f"{files} pictures dropped in {monotonic() - start:.1f} s")
    for share in (0.1, 1.0):
        _wait(lambda share=share: published() >= share * files)  # type: ignore[misc]
        memory = [_memory(daemon), *map(_memory, _children(daemon))]
        print(f"{share:4.0%} published after {monotonic() - start:.1f} s; MiB: {memory}")
    sleep(5)
    before = _seconds(daemon)
    sleep(idle)
    print(f"idle: {_seconds(daemon) - before:.2f} s of processor time in {idle:g} s")


def _icon(seed: int) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize((48, 48), Image.Resampling.BILINEAR).save(buffer, "PNG")
    return buffer.getvalue()


def _wait(condition: Callable[[], bool]) -> None:
    end = monotonic() + _DEADLINE
    while not condition():
        if monotonic() > end:
            raise TimeoutError("the pictures were not published")
        sleep(0.2)


def _children(process: int) -> list[int]:
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def _memory(process: int) -> int:
    """MiB that are resident."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def _seconds(process: int) -> float:
    """Processor time of a process and its children so far."""
    used = 0
    for number in (process, *_children(process)):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICKS


if __name__ == "__main__":
    sys.exit(main())
