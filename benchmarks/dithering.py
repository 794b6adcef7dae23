"""Dithering and alpha beside pngquant: ``python -m benchmarks.dithering PATH... --colors 16,64,256``.

Pictures are seen over black, white and a checkerboard, where that makes a difference. ``error`` is the mean
over pixels of the sum over R, G, B of squared errors; ``of averages`` the same for the means over blocks of
8x8 pixels, which is what dithering is for.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.methods import run_pngquant
from kquant_hooks import quantize
from kquant_hooks.options.settings import DitherName

_BLOCK = 8
_SQUARE = 16
_DITHERS: tuple[DitherName, ...] = ("none", "floyd-steinberg", "bayer", "bayer-4", "blue-noise")

Run = Callable[[Image.Image, int], Image.Image]
Levels = npt.NDArray[np.float64]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dithering",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, and folders of PNGs")
    parser.add_argument("--colors", default="16,64,256", metavar="K,K")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    arguments = parser.parse_args(argv)
    found = [path for given in arguments.paths for path in _pictures(given)]
    print(f"{len(found)} pictures, {arguments.repeat} repetitions, median times\n")
    methods = _methods()
    print("| K | method | error | of averages | ms |")
    print("| --: | --- | --: | --: | --: |")
    for colors in map(int, arguments.colors.split(",")):
        for name, run in methods.items():
            cells = [
                fmean(values)
                for values in zip(
                    *(_measure(path, run, colors, arguments.repeat) for path in found), strict=True
                )
            ]
            error, averages, milliseconds = cells
            # Starting a program and reading files is no part of the others' time.
            shown = "" if name.startswith("pngquant") else f"{milliseconds:.0f}"
            print(f"| {colors} | {name} | {error:.1f} | {averages:.2f} | {shown} |", flush=True)
    return 0


def _methods() -> dict[str, Run]:
    methods: dict[str, Run] = {f"kquant, {dither}": partial(_kquant, dither=dither) for dither in _DITHERS}
    if shutil.which("pngquant") is None:
        print("pngquant is not installed, and left out", file=sys.stderr)
        return methods
    return methods | {
        "pngquant --nofs": lambda image, colors: run_pngquant(image, colors, "--nofs"),
        "pngquant": run_pngquant,
    }


def _kquant(image: Image.Image, colors: int, dither: DitherName) -> Image.Image:
    return quantize(image, colors, dither=dither).image


def _pictures(given: Path) -> list[Path]:
    return sorted(given.rglob("*.png")) if given.is_dir() else [given]


def _measure(path: Path, run: Run, colors: int, repeat: int) -> tuple[float, float, float]:
    """Error, error of averages, and milliseconds."""
    with Image.open(path) as opened:
        image = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    seconds = []
    for _ in range(repeat):
        start = perf_counter()
        result = run(image, colors)
        seconds.append(perf_counter() - start)
    pairs = list(zip(_seen(image), _seen(result.convert(image.mode)), strict=True))
    error = fmean(_squared(before - after) for before, after in pairs)
    averages = fmean(_squared(_averages(before - after)) for before, after in pairs)
    return error, averages, 1e3 * median(seconds)


def _seen(image: Image.Image) -> list[Levels]:
    """R, G, B as seen over each ground: shape (height, width, 3)."""
    if image.mode == "RGB":
        return [np.asarray(image, np.float64)]
    pixels = np.asarray(image, np.float64)
    opacity = pixels[..., 3:] / 255
    rows, columns = np.indices(pixels.shape[:2]) // _SQUARE
    checkerboard = np.where((rows + columns) % 2, 153.0, 102.0)[..., None]
    return [pixels[..., :3] * opacity + ground * (1 - opacity) for ground in (0.0, 255.0, checkerboard)]


def _averages(levels: Levels) -> Levels:
    height, width = (max(1, side // _BLOCK) for side in levels.shape[:2])
    tall, wide = min(_BLOCK, levels.shape[0]), min(_BLOCK, levels.shape[1])
    whole = levels[: height * tall, : width * wide]
    blocks: Levels = whole.reshape(height, tall, width, wide, 3).mean(axis=(1, 3))
    return blocks


def _squared(error: Levels) -> float:
    return float((error * error).sum(axis=-1).mean())


if __name__ == "__main__":
    sys.exit(main())
