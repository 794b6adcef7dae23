"""Where the time goes, stage by stage, and the floor beside it: ``python -m benchmarks.stages PICTURE...``.

On one thread, so that no stage hides behind another. The floor is what it takes to read the pixels once as
integers and to write as many indices once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from PIL import Image

from benchmarks.pictures import find, read
from kquant_hooks import quantize
from kquant_hooks.images import pixels, scanning
from kquant_hooks.images import quantize as images
from kquant_hooks.images.modes import MODES
from kquant_hooks.quantizer import pipeline, search

# A module, a function that it calls, and what that does. Stages inside others are indented.
_STAGES: tuple[tuple[Any, str, str], ...] = (
    (scanning, "read_histogram", "count the colours"),
    (scanning, "read_sample", "take a sample"),
    (scanning, "learn_entries", "learn"),
    (search, "reduce_to_cells", "  gather cells"),
    (search, "wu_cuts", "  Wu's cuts"),
    (search, "merge_pairs", "  merge pairs"),
    (search, "swap", "  swaps"),
    (search, "lloyd", "  descents"),
    (pipeline, "learn_entries", "learn"),
    (pipeline, "map_colors", "map the colours"),
    (images, "render", "look the pixels up"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    Image.MAX_IMAGE_PIXELS = None
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--megapixels", default="0.4,24", metavar="X,X")
    parser.add_argument("--colors", default="16,256", metavar="K,K")
    parser.add_argument("--repeat", type=int, default=7, metavar="N")
    arguments = parser.parse_args(argv)
    seconds: dict[str, float] = {}
    for module, name, label in _STAGES:
        setattr(module, name, _timed(getattr(module, name), label, seconds))
    columns: dict[str, dict[str, float]] = {}
    for picture in find(arguments.pictures, 1 if not arguments.pictures else None, None)[0]:
        for size in map(float, arguments.megapixels.split(",")):
            image = read(picture.path, size)
            for colors in map(int, arguments.colors.split(",")):
                column = _profile(image, colors, arguments.repeat, seconds)
                columns[f"{picture.name}, {size:g} MP, K={colors}"] = column
    labels = dict.fromkeys(label for *_, label in _STAGES)
    print("| ms | " + " | ".join(columns) + " |\n| --- |" + " --: |" * len(columns))
    for label in (*labels, "finding colours, and all else", "total", "floor"):
        cells = (f"{1e3 * column[label]:.1f}" if column.get(label) else "" for column in columns.values())
        print(f"| {label.replace('  ', '&nbsp;&nbsp;')} | " + " | ".join(cells) + " |")
    return 0


def _profile(image: Image.Image, colors: int, repeat: int, seconds: dict[str, float]) -> dict[str, float]:
    runs: list[dict[str, float]] = []
    for _ in range(repeat + 1):
        seconds.clear()
        start = perf_counter()
        quantize(image, colors, threads=1)
        total = perf_counter() - start
        outer = sum(value for label, value in seconds.items() if not label.startswith(" "))
        run = seconds | {"total": total, "finding colours, and all else": total - outer}
        start = perf_counter()
        _read_and_write(image)
        runs.append(run | {"floor": perf_counter() - start})
    return {label: median(run[label] for run in runs[1:]) for label in runs[-1]}


def _read_and_write(image: Image.Image) -> None:
    result = Image.new("P", image.size)
    for box in pixels.strips_of(image.size):
        codes = pixels.codes_in(image, box, MODES[image.mode])
        result.paste(Image.frombytes("P", (box[2] - box[0], box[3] - box[1]), bytes(len(codes))), box)


def _timed(function: Callable[..., Any], label: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        start = perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            seconds[label] = seconds.get(label, 0.0) + perf_counter() - start

    return timed


if __name__ == "__main__":
    raise SystemExit(main())
