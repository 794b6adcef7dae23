"""How time and memory grow with pixels and colours: ``python -m benchmarks.scaling PICTURE --plot FILE``.

One picture, resized; medians of interleaved repetitions. An exponent of 1 means twice the time for twice as
much.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

from PIL import Image

from benchmarks import memory
from benchmarks.fresh import run_fresh
from benchmarks.pictures import Picture, find, read
from kquant_hooks import quantize
from kquant_hooks.options.settings import EffortName

_MEGAPIXELS = (0.1, 0.2, 0.4, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0)
_COLORS = (2, 4, 8, 16, 32, 64, 128, 256)
_EFFORTS: tuple[EffortName, ...] = ("fast", "balanced")
_MEGAPIXELS_FOR_COLORS = (0.4, 24.0)

Curve = dict[float, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    Image.MAX_IMAGE_PIXELS = None
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("picture", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--most", type=float, default=100.0, metavar="X", help="megapixels (default: 100)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    picture = find(arguments.picture, 1, None)[0][0]
    sizes = [size for size in _MEGAPIXELS if size <= arguments.most]
    curves: dict[str, Curve] = {}
    print(f"{picture.name}, {arguments.repeat} repetitions\n\n| MP | effort | K | ms | ns/pixel | B/pixel |")
    print("| --: | --- | --: | --: | --: | --: |")
    for size in sizes:
        for name, milliseconds in _times(picture, size, (16, 256), arguments.repeat).items():
            curves.setdefault(name, {})[size] = milliseconds
            effort, _, colors = name.split()
            peak = _peak(picture, size, effort, colors) if memory.can_measure() else math.nan
            cells = f"{milliseconds:.0f} | {milliseconds / size:.1f} | {peak:.2f}"
            print(f"| {size:g} | {effort} | {colors} | {cells} |", flush=True)
    by_colors: dict[str, Curve] = {}
    for size in (size for size in _MEGAPIXELS_FOR_COLORS if size <= arguments.most):
        for name, milliseconds in _times(picture, size, _COLORS, arguments.repeat).items():
            effort, _, colors = name.split()
            by_colors.setdefault(f"{effort}, {size:g} MP", {})[int(colors)] = milliseconds
    print("\n| K | " + " | ".join(by_colors) + " |\n| --: |" + " --: |" * len(by_colors))
    for count in _COLORS:
        print(f"| {count} | " + " | ".join(f"{curve[count]:.0f}" for curve in by_colors.values()) + " |")
    print("\n| curve | exponent |\n| --- | --: |")
    for name, curve in (curves | by_colors).items():
        print(f"| {name} | {_exponent(curve):.2f} |")
    if arguments.plot is not None:
        _save_plot(curves, by_colors, arguments.plot)
    return 0


def _times(picture: Picture, size: float, colors: Sequence[int], repeat: int) -> dict[str, float]:
    """Milliseconds by 'effort K colours', each effort and number in turn."""
    image = read(picture.path, size)
    seconds: dict[str, list[float]] = {}
    for _ in range(repeat + 1):
        for effort in _EFFORTS:
            for count in colors:
                start = perf_counter()
                quantize(image, count, effort=effort)
                seconds.setdefault(f"{effort} K {count}", []).append(perf_counter() - start)
    # The first time of each is spent on touching memory.
    return {name: 1e3 * median(times[1:]) for name, times in seconds.items()}


def _peak(picture: Picture, size: float, effort: str, colors: str) -> float:
    printed = run_fresh(
        "import sys; from benchmarks.memory import probe; print(probe(*sys.argv[1:]))",
        *(str(picture.path), str(size), colors, effort),
    )
    return int(printed) / (1e6 * size)


def _exponent(curve: Curve) -> float:
    """Slope of the regression line through the logarithms."""
    points = [(math.log(x), math.log(y)) for x, y in curve.items()]
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else math.nan


def _save_plot(curves: dict[str, Curve], by_colors: dict[str, Curve], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.8), layout="constrained")
    panels = figure.subplots(1, 2)
    for panel, lines, label in zip(panels, (curves, by_colors), ("megapixels", "colours"), strict=True):
        for name, curve in lines.items():
            panel.plot(list(curve), list(curve.values()), "o-", markersize=4, linewidth=1.4, label=name)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.xaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_major_formatter("{x:g}")
        panel.set_xlabel(label)
        panel.set_ylabel("ms")
        panel.grid(color="#e6e6e6", linewidth=0.6)
        panel.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    raise SystemExit(main())
