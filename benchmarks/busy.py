"""Speed on a machine that is not idle: ``python -m benchmarks.busy PICTURE``.

Two processes at once against the same work one after the other, and one beside as many busy neighbours as
asked for. Every process is started first and begins at a sign; medians of interleaved repetitions.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.pictures import find

_SPIN = "while True: pass"
_WORKER = """
import sys
from benchmarks.pictures import read
from kquant_hooks import quantize
from pathlib import Path
from time import perf_counter
image = read(Path(sys.argv[1]), float(sys.argv[2]))
quantize(image, int(sys.argv[3]), effort=sys.argv[4])
print("ready", flush=True)
for line in sys.stdin:
    start = perf_counter()
    for _ in range(int(line)):
        quantize(image, int(sys.argv[3]), effort=sys.argv[4])
    print(perf_counter() - start, flush=True)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.busy", description=__doc__)
    parser.add_argument("picture", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--megapixels", default="0.4,24", metavar="X,X")
    parser.add_argument("--colors", default="16,256", metavar="K,K")
    parser.add_argument("--neighbours", type=int, default=1, metavar="N")
    parser.add_argument("--repeat", type=int, default=7, metavar="N")
    arguments = parser.parse_args(argv)
    path = find(arguments.picture, 1, None)[0][0].path
    print("| MP | K | effort | alone, ms | two at once / one after the other | beside neighbours / alone |")
    print("| --: | --: | --- | --: | --: | --: |")
    for size in arguments.megapixels.split(","):
        for colors in arguments.colors.split(","):
            for effort in ("fast", "balanced"):
                alone, together, beside = _measure(
                    [str(path), size, colors, effort], arguments.neighbours, arguments.repeat
                )
                print(
                    f"| {size} | {colors} | {effort} | {1e3 * alone:.0f} | {together / (2 * alone):.2f} "
                    f"| {beside / alone:.2f} |",
                    flush=True,
                )
    return 0


def _measure(words: list[str], neighbours: int, repeat: int) -> tuple[float, float, float]:
    """Seconds for one picture: alone, for two at once, and beside busy neighbours."""
    workers = [_Worker(words) for _ in range(2)]
    # Enough of them that they overlap although they do not start at the very same time.
    count = max(1, round(0.5 / workers[0].run(1)))
    alone, together, beside = [], [], []
    for _ in range(repeat):
        alone.append(workers[0].run(count))
        start = perf_counter()
        for worker in workers:
            worker.begin(count)
        for worker in workers:
            worker.end()
        together.append(perf_counter() - start)
        spinning = [
            subprocess.Popen([sys.executable, "-c", _SPIN])  # noqa: S603
            for _ in range(neighbours)
        ]
        try:
            beside.append(workers[0].run(count))
        finally:
            for process in spinning:
                process.kill()
                process.wait()
    for worker in workers:
        worker.close()
    return median(alone) / count, median(together) / count, median(beside) / count


class _Worker:
    """A process that quantizes one picture as often as it is told, and says how long it took."""

    def __init__(self, words: list[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _WORKER, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._line()

    def begin(self, count: int) -> None:
        assert self._process.stdin is not None
        print(count, file=self._process.stdin, flush=True)

    def end(self) -> float:
        return float(self._line())

    def run(self, count: int) -> float:
        self.begin(count)
        return self.end()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


if __name__ == "__main__":
    raise SystemExit(main())
