"""The whole command on files, beside pngquant: ``python -m benchmarks.files DIR... --colors 16,256``.

Both read the same PNGs and write new ones, without dithering, on as many cores; pngquant by ``xargs`` with
sixteen files a call, so that it pays little for being started.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

_FILES_PER_CALL = "16"


@dataclass(frozen=True, slots=True)
class Side:
    """One program's results on the files that both could do.

    Attributes
    ----------
    seconds : float
        Median over repetitions, for all files.
    bytes : int
    mse : float
        Mean over files of the mean over pixels of the sum over premultiplied channels of squared errors.
    """

    seconds: float
    bytes: int
    mse: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--colors", default="16,256", metavar="K,K")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N files only")
    arguments = parser.parse_args(argv)
    if shutil.which("pngquant") is None:
        print("pngquant is not installed", file=sys.stderr)
        return 2
    found = sorted(path for folder in arguments.folders for path in folder.rglob("*.png") if path.is_file())
    found = found[: arguments.limit]
    print(f"{len(found)} PNGs, {arguments.jobs} processes, {arguments.repeat} repetitions\n")
    print("| K | program | files | s | times | bytes | times | MSE | times |")
    print("| --: | --- | --: | --: | --: | --: | --: | --: | --: |")
    for colors in map(int, arguments.colors.split(",")):
        count, ours, theirs = compare(found, colors, arguments.repeat, arguments.jobs)
        for name, side in (("pngquant", theirs), ("kquant", ours)):
            ratios = [
                side.seconds / theirs.seconds,
                side.bytes / theirs.bytes,
                side.mse / max(theirs.mse, 1e-9),
            ]
            values = [f"{side.seconds:.2f}", f"{side.bytes}", f"{side.mse:.1f}"]
            cells = [
                cell for value, ratio in zip(values, ratios, strict=True) for cell in (value, f"{ratio:.2f}")
            ]
            print(f"| {colors} | {name} | {count} | {' | '.join(cells)} |")
    return 0


def compare(paths: Sequence[Path], colors: int, repeat: int, jobs: int) -> tuple[int, Side, Side]:
    """How many files both could do, our results on these, and pngquant's."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as scratch:
        source, ours, theirs = (Path(scratch) / name for name in ("source", "ours", "theirs"))
        source.mkdir()
        for number, path in enumerate(paths):
            shutil.copyfile(path, source / f"{number}.png")
        for _ in range(repeat):
            for folder in (ours, theirs):
                shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(source, theirs)
            times["theirs"].append(_pngquant(sorted(theirs.iterdir()), colors, jobs))
            times["ours"].append(_kquant(source, ours, colors, jobs))
        names = sorted({path.name for path in ours.iterdir()} & {path.name for path in theirs.iterdir()})
        names = [name for name in names if (theirs / name.replace(".png", ".q.png")).exists()]
        results = (
            Side(median(times["ours"]), *_judged(source, [ours / name for name in names])),
            Side(
                median(times["theirs"]), *_judged(source, [theirs / f"{name[:-4]}.q.png" for name in names])
            ),
        )
    return len(names), *results


def _pngquant(files: Iterable[Path], colors: int, jobs: int) -> float:
    names = "\0".join(map(str, files)).encode()
    command = ["xargs", "-0", f"-P{jobs}", "-n", _FILES_PER_CALL, "pngquant", "--nofs", "--force"]
    start = perf_counter()
    command += ["--ext", ".q.png", str(colors)]
    # S603: the command is made of this module's own words and of files that it copied itself.
    subprocess.run(command, input=names, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    return perf_counter() - start


def _kquant(source: Path, target: Path, colors: int, jobs: int) -> float:
    command = [sys.executable, "-m", "kquant_hooks", "quantize", str(source), "-c", str(colors)]
    start = perf_counter()
    command += ["-o", f"{target}/", "-j", str(jobs), "-q"]
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)  # noqa: S603  as above
    return perf_counter() - start


def _judged(source: Path, results: Sequence[Path]) -> tuple[int, float]:
    """Bytes in all, and the mean error."""
    errors = []
    for path in results:
        with Image.open(source / path.name.replace(".q", "")) as old, Image.open(path) as new:
            errors.append(float(((_premultiplied(old) - _premultiplied(new)) ** 2).sum(axis=2).mean()))
    return sum(path.stat().st_size for path in results), sum(errors) / max(1, len(errors))


def _premultiplied(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    pixels = np.asarray(image.convert("RGBA"), np.float32).copy()
    pixels[:, :, :3] *= pixels[:, :, 3:] / 255
    return pixels


if __name__ == "__main__":
    sys.exit(main())
