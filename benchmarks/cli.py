"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from benchmarks import import_time, memory, pictures
from benchmarks.machine import machine, versions
from benchmarks.measure import compare
from benchmarks.methods import select
from benchmarks.plot import save_plot
from benchmarks.report import Run, as_json, as_text

_EXAMPLES = """\
examples:
  python -m benchmarks              the photos that scikit-image and scikit-learn ship
  python -m benchmarks --images photos --json all.json --plot all.png
  python -m benchmarks --images photo.jpg --megapixels 24 --colors 16,256 --repeat 3 --memory
  python -m benchmarks --methods kquant,octree --colors 256
  python -m benchmarks --images photos --limit 1 --colors 5 --repeat 1    a smoke test
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; the exit code is 2 where there is nothing to measure."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        _check(options)
        methods, missing = select(options.methods)
        found, unreadable = pictures.find(options.images, options.limit, options.megapixels)
    except OSError as error:
        parser.error(f"cannot read {error.filename}: {error.strerror}")
    except ValueError as error:
        parser.error(str(error))
    state_before = machine()
    measurements, skips = compare(
        found, methods, options.colors, options.repeat, options.megapixels, _progress
    )
    run = Run(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=state_before,
        versions=versions(),
        colors=options.colors,
        repeat=options.repeat,
        megapixels=options.megapixels,
        pictures=found,
        unreadable=unreadable,
        missing=missing,
        measurements=measurements,
        skips=skips,
        peaks=memory.peaks(found[0], options.megapixels, options.colors, _progress) if options.memory else [],
        import_seconds=import_time.import_times(_progress) if options.import_time else {},
    )
    _progress("")
    print(as_text(run), end="")
    if options.json is not None:
        options.json.write_text(as_json(run), encoding="utf-8")
    if options.plot is not None:
        save_plot(run, options.plot)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m benchmarks",
        description="Error and time of colour quantizers, side by side: methods take turns on every picture.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--images",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="files and folders, to any depth; default: the photos that scikit-image and scikit-learn ship",
    )
    add("--limit", type=_positive, metavar="N", help="only the first N pictures")
    add("--megapixels", type=_size, metavar="X", help="resize every picture to about X megapixels")
    add(
        "--colors",
        type=_colors,
        default=[5, 16, 64, 256],
        metavar="K,...",
        help="numbers of colours, 2 to 256 (default: 5,16,64,256)",
    )
    add(
        "--repeat",
        type=_positive,
        default=5,
        metavar="N",
        help="repetitions (default: 5); fewer where slow",
    )
    add(
        "--methods",
        type=_words,
        default=[],
        metavar="TEXT,...",
        help="only methods whose names contain one of these",
    )
    add("--memory", action="store_true", help="also measure the peak memory of quantize on the first picture")
    add("--import-time", action="store_true", help="also measure what importing the package costs")
    add("--json", type=Path, metavar="FILE", help="write every single figure")
    add("--plot", type=Path, metavar="FILE", help="draw error against time (.png, .svg or .pdf)")
    return parser


def _check(options: argparse.Namespace) -> None:
    """Find out before the run what would make its end fail."""
    for path in (options.json, options.plot):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValueError(f"cannot write {path}: there is no folder {path.parent}")
        if path is not None and path.is_dir():
            raise ValueError(f"cannot write {path}: it is a folder")
    if options.plot is not None:
        if options.plot.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise ValueError(f"cannot draw {options.plot}: the name must end in .png, .svg or .pdf")
        if find_spec("matplotlib") is None:
            raise ValueError("--plot needs matplotlib; install the 'bench' extra")
    if options.memory and not memory.can_measure():
        raise ValueError("--memory needs Linux, whose kernel tells of a process's peak")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:100]}", end="", file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 1")
    return int(text)


def _size(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.001 to 1000")
    return value


def _colors(text: str) -> list[int]:
    words = _words(text)
    for word in words:
        if not word.isdecimal() or not 2 <= int(word) <= 256:
            raise argparse.ArgumentTypeError(f"{word!r} is not an integer from 2 to 256")
    if not words:
        raise argparse.ArgumentTypeError("there is no number")
    return list(dict.fromkeys(map(int, words)))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
