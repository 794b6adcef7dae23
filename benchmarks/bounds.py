"""Memory of pictures with as many colours as they can have: ``python -m benchmarks.bounds``.

Ramps and noise in which nearly every pixel differs, with options that take different ways through the code,
each in a fresh process: peak memory above that of the decoded picture, by how much it grows, and processor
time.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from time import process_time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.fresh import run_fresh
from benchmarks.memory import peak_above
from kquant_hooks import KMeansQuantize, learn_palette, quantize
from kquant_hooks.assets.convert import convert
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# What is done, and with which options; a file is a PNG that is read, reduced, written and verified.
_WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "quantize": ("quantize", {}),
    "effort fast": ("quantize", {"effort": "fast"}),
    "effort best": ("quantize", {"effort": "best"}),
    "space oklab": ("quantize", {"space": "oklab"}),
    "keep hidden rgb": ("quantize", {"keep_hidden_rgb": True}),
    "dither floyd-steinberg": ("quantize", {"dither": "floyd-steinberg"}),
    "dither blue-noise": ("quantize", {"dither": "blue-noise"}),
    "filter": ("filter", {}),
    "learn_palette": ("learn", {}),
    "file": ("file", {}),
}
_KINDS = (("gradient", "RGBA"), ("noise", "RGBA"), ("noise", "RGB"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bounds", description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs=2, default=(4.0, 24.0), metavar="X")
    sizes = parser.parse_args(argv).megapixels
    columns = [f"MB, {size:g} MP | s of processor" for size in sizes]
    print("| picture | way | " + " | ".join(columns) + " | B for each further pixel |")
    print("| --- | --- |" + " --: | --: |" * len(sizes) + " --: |")
    for kind, mode in _KINDS:
        for way in _WAYS:
            printed = [_measured(kind, mode, way, str(size)) for size in sizes]
            growth = (printed[1][0] - printed[0][0]) / (1e6 * (sizes[1] - sizes[0]))
            cells = [f"{peak / 1e6:.0f} | {seconds:.1f}" for peak, seconds in printed]
            print(f"| {kind}, {mode} | {way} | " + " | ".join(cells) + f" | {growth:.1f} |", flush=True)
    return 0


def _measured(*words: str) -> tuple[float, float]:
    code = "import sys; from benchmarks.bounds import probe; print(*probe(*sys.argv[1:]))"
    peak, seconds = map(float, run_fresh(code, *words).split())
    return peak, seconds


def probe(kind: str, mode: str, way: str, megapixels: str) -> tuple[int, float]:
    """The bytes at the peak and the processor time of one way; to be called once in a process."""
    what, options = _WAYS[way]
    image = draw(kind, mode, float(megapixels))
    decoded = 0
    if what == "file":
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        decoded = 4 * image.width * image.height
        image.close()
        del image
    calls = {
        "quantize": lambda: quantize(image, **options),
        "filter": lambda: image.filter(KMeansQuantize(**options)),
        "learn": lambda: learn_palette(image, **options),
        "file": lambda: convert(buffer.getvalue(), Settings(**options), Policy(), "PNG"),
    }
    seconds = process_time()
    peak = peak_above(calls[what]) - decoded
    return peak, process_time() - seconds


def draw(kind: str, mode: str, megapixels: float) -> Image.Image:
    """A picture of three by two: each pixel drawn by lot, or ramps in all directions."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(megapixels * 1e6 / height)
    image = Image.new(mode, (width, height))
    bands = len(image.getbands())
    random = np.random.default_rng(1)
    for top in range(0, height, 64):
        rows = min(64, height - top)
        y, x = np.mgrid[top : top + rows, :width]
        ramps = [x * 255 // width, y * 255 // height, (x + y) % 256, (x * 7 // 3 + y // 5) % 254 + 1]
        data = np.stack(ramps[:bands], axis=2).astype(np.uint8).tobytes()
        if kind == "noise":
            data = random.bytes(rows * width * bands)
        image.paste(Image.frombytes(mode, (width, rows), data), (0, top))
    return image


if __name__ == "__main__":
    raise SystemExit(main())
