"""What importing the package costs, in fresh interpreters."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.fresh import run_fresh

PILLOW = "import PIL.Image"
STATEMENTS = (
    PILLOW,
    f"{PILLOW}; import kquant_hooks",
    f"{PILLOW}; from kquant_hooks import KMeansQuantize",
)

_ROUNDS = 20


def import_times(progress: Callable[[str], None]) -> dict[str, list[float]]:
    """Seconds that each of ``STATEMENTS`` took in each of 20 interleaved rounds."""
    seconds: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    # One round more than are kept: the first fills the file cache and compiles.
    for number in range(_ROUNDS + 1):
        progress(f"import time: round {number}/{_ROUNDS}")
        for statement in STATEMENTS:
            taken = float(
                run_fresh(
                    "from time import perf_counter; start = perf_counter()\n"
                    f"{statement}\n"
                    "print(perf_counter() - start)"
                )
            )
            if number:
                seconds[statement].append(taken)
    return seconds
