"""A run in words and tables, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.import_time import PILLOW
from benchmarks.measure import Measurement, Skip
from benchmarks.memory import Peak
from benchmarks.methods import REFERENCE
from benchmarks.pictures import Picture
from benchmarks.summary import Row, summarize


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was measured, and how.

    Attributes
    ----------
    date : str
        ISO 8601, UTC.
    machine, versions : dict
    colors : list of int
    repeat : int
    megapixels : float or None
        What the pictures were resized to.
    pictures : list of Picture
    unreadable : list of str
        Files that were left out.
    missing : list of str
        Methods that are not installed.
    measurements : list of Measurement
    skips : list of Skip
    peaks : list of Peak
        Empty unless asked for.
    import_seconds : dict
        Times of each import statement; empty unless asked for.
    """

    date: str
    machine: dict[str, str | float]
    versions: dict[str, str]
    colors: list[int]
    repeat: int
    megapixels: float | None
    pictures: list[Picture]
    unreadable: list[str]
    missing: list[str]
    measurements: list[Measurement]
    skips: list[Skip]
    peaks: list[Peak]
    import_seconds: dict[str, list[float]]


def as_json(run: Run) -> str:
    """Every single figure; pictures by name and size, without the place where they lie."""
    values = asdict(run)
    for picture in values["pictures"]:
        del picture["path"]
    return json.dumps(values, indent=1) + "\n"


def as_text(run: Run) -> str:
    """A Markdown report that is readable as it stands."""
    parts = ["\n".join(_head(run))]
    for colors in run.colors:
        parts.append(f"## K = {colors}\n\n" + "\n".join(_methods_table(summarize(run.measurements, colors))))
    parts.append("\n".join(_notes(run)))
    if run.peaks:
        parts.append("\n".join(_memory(run)))
    if run.import_seconds:
        parts.append("\n".join(_imports(run.import_seconds)))
    return "\n\n".join(parts) + "\n"


def significant(value: float) -> str:
    """A positive number with three digits that mean something, and none of them lost above 1000."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _head(run: Run) -> Iterator[str]:
    cpu, cores, usable, system = (run.machine[key] for key in ("cpu", "cores", "usable_cores", "os"))
    load = f"load before the run {run.machine['load']}"
    yield "# Colour quantizers: error and time"
    yield ""
    yield f"- {run.date}; {cpu}, {usable} of {cores} cores; {system}; {load}"
    yield "- " + ", ".join(f"{name} {number}" for name, number in run.versions.items())
    mean = sum(picture.width * picture.height for picture in run.pictures) / len(run.pictures) / 1e6
    resized = "" if run.megapixels is None else ", resized (bicubic)"
    yield f"- pictures: {len(run.pictures)}, of {mean:.3g} megapixels on average{resized}"


def _methods_table(rows: list[Row]) -> list[str]:
    short = REFERENCE.removeprefix("Pillow ")
    head = [
        "method",
        "MSE",
        "CIEDE2000",
        "SSIM",
        "ms",
        f"ms / {short}",
        f"MSE / {short}",
        "pictures x repetitions",
    ]
    cells = [
        [
            row.method,
            f"{row.mse:.2f}",
            "-" if row.ciede2000 is None else f"{row.ciede2000:.3f}",
            "-" if row.ssim is None else f"{row.ssim:.4f}",
            "-" if row.milliseconds is None else significant(row.milliseconds),
            "-" if row.time_ratio is None else significant(row.time_ratio),
            "-" if row.mse_ratio is None else f"{row.mse_ratio:.3f}",
            f"{row.pictures} x {row.repeats}",
        ]
        for row in rows
    ]
    return _table(head, cells)


def _notes(run: Run) -> Iterator[str]:
    yield "MSE: mean over pixels of the sum over R, G, B of squared errors, then over pictures."
    yield "CIEDE2000: mean over every second row and column. SSIM: of the grey levels; 1 is equal."
    yield "Both are of the middle 1024 x 1024 pixels of larger pictures, and are not timed."
    yield "pngquant is the program, whose time cannot be compared; without --nofs it dithers."
    yield "ms: from a decoded image to an indexed one, median of the repetitions, then mean over pictures."
    yield "Ratios are to the same pictures; means over different numbers of pictures cannot be compared."
    yield "Other work on the machine slows methods with several threads most, many times over: see the load."
    above: dict[tuple[str, int], list[str]] = {}
    for skip in run.skips:
        above.setdefault((skip.method, skip.max_pixels), []).append(skip.picture)
    for (method, limit), names in above.items():
        reason = f"above {limit / 1e6:g} megapixels a run may take a minute or more"
        yield f"{method}: {reason}; left out: {_few(names)}."
    if run.missing:
        yield f"Not installed and left out (see the 'bench' extra, and pngquant): {', '.join(run.missing)}."
    if run.unreadable:
        yield f"Not pictures, or too small, and left out: {_few(run.unreadable)}."


def _memory(run: Run) -> Iterator[str]:
    first = run.peaks[0]
    yield "## Memory"
    yield ""
    yield "Peak resident memory of `quantize` above that of the decoded image, in bytes per pixel;"
    yield f"{first.picture} at {first.pixels / 1e6:.2f} megapixels, a fresh process each."
    yield ""
    efforts = list(dict.fromkeys(peak.effort for peak in run.peaks))
    found = {(peak.effort, peak.colors): significant(peak.bytes_per_pixel) for peak in run.peaks}
    head = ["effort", *(f"K = {colors}" for colors in run.colors)]
    cells = [[effort, *(found[effort, colors] for colors in run.colors)] for effort in efforts]
    yield from _table(head, cells)


def _imports(seconds: dict[str, list[float]]) -> Iterator[str]:
    base = median(seconds[PILLOW])
    yield "## Import time"
    yield ""
    yield f"Median of {len(seconds[PILLOW])} interleaved fresh interpreters."
    yield ""
    cells = [
        [f"`{statement}`", f"{1e3 * median(times):.2f}", f"{1e3 * (median(times) - base):+.2f}"]
        for statement, times in seconds.items()
    ]
    yield from _table(["statement", "ms", "more than Pillow alone"], cells)


def _table(head: list[str], cells: list[list[str]]) -> list[str]:
    """Markdown with aligned columns: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = [
        [text.ljust(width) if place == 0 else text.rjust(width) for place, (text, width) in enumerate(pairs)]
        for pairs in (list(zip(line, widths, strict=True)) for line in [head, *cells])
    ]
    rule = ["-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return ["| " + " | ".join(line) + " |" for line in [lines[0], rule, *lines[1:]]]


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 5 else f"{len(names)} files, the first is {names[0]}"
