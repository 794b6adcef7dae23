"""Error against time, one point for each method."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.report import Run
from benchmarks.summary import Row, summarize

# First word of a method's name -> colour and marker; blue is ours.
_STYLES = {
    "kquant": ("#0b5cad", "o"),
    "Pillow": ("#c8553d", "s"),
    "scikit-learn": ("#6a8d3a", "^"),
    "OpenCV": ("#8e5ea2", "D"),
    "faiss": ("#b8860b", "v"),
    "imagequant": ("#3c8d8d", "P"),
}

# Points that nearly coincide stay apart by their edges.
_POINT = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.6, "alpha": 0.9}

# Where a label may stand relative to its point, in the order of preference.
_SIDES = (
    *((1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom")),
    *((0, -1, "center", "top"), (1, 1, "left", "bottom"), (-1, 1, "right", "bottom")),
    *((1, -1, "left", "top"), (-1, -1, "right", "top")),
)
_DISTANCES = (7, 12, 18, 26, 34, 44, 56)


def save_plot(run: Run, path: Path) -> None:
    """Draw one panel for each number of colours and write them as an image file.

    Parameters
    ----------
    run : Run
    path : Path
        Its suffix chooses the format.
    """
    from matplotlib.figure import Figure

    columns = min(2, len(run.colors))
    lines = ceil(len(run.colors) / columns)
    figure = Figure(figsize=(6.6 * columns, 5.4 * lines + 0.5), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    # Their means are over fewer pictures, or none.
    partial = dict.fromkeys(skip.method for skip in run.skips)
    for panel, colors in zip(panels, run.colors, strict=False):
        rows = summarize(run.measurements, colors)
        # A log axis has no place for an error of zero.
        shown = [row for row in rows if row.method not in partial and row.mse > 0 and row.milliseconds]
        _draw(panel, f"K = {colors}", shown)
    for panel in panels[len(run.colors) :]:
        panel.remove()
    title = f"Error against time, pictures: {len(run.pictures)} (lower left is better)"
    if partial:
        absent = f"not shown, because not on every picture: {', '.join(partial)}"
        title += "\n" + fill(absent, 75 * columns)
    figure.suptitle(title, fontsize=11)
    # Labels are placed by their size on the page, which the layout decides.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for panel in panels[: len(run.colors)]:
        _label(panel)
    figure.savefig(path, dpi=130)


def _draw(panel: Any, title: str, rows: list[Row]) -> None:
    from matplotlib.ticker import LogLocator

    for row in rows:
        colour, marker = _STYLES[row.method.split()[0]]
        panel.plot(row.milliseconds, row.mse, marker, color=colour, label=row.method, **_POINT)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.margins(x=0.2, y=0.22)
    for axis, steps in ((panel.xaxis, (1, 2, 5)), (panel.yaxis, (1, 1.5, 2, 3, 5, 7))):
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    panel.tick_params(labelsize=8)
    panel.grid(color="#e6e6e6", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_title(title, fontsize=10)
    panel.set_xlabel("ms per picture", fontsize=9)
    panel.set_ylabel("MSE (sum over R, G, B)", fontsize=9)


def _label(panel: Any) -> None:
    """Name every point, each name at the first place that covers neither a point nor another name."""
    from matplotlib.text import Text

    points = list(panel.lines)
    taken = [point.get_window_extent().padded(4) for point in points]
    for point in points:
        for text in _places(panel, point):
            # The first call puts the name in its place; its extent takes in the arrow, the second's does not.
            text.get_window_extent()
            box = Text.get_window_extent(text)
            inside = panel.bbox.contains(box.x0, box.y0) and panel.bbox.contains(box.x1, box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _places(panel: Any, point: Any) -> Any:
    for distance in _DISTANCES:
        for right, up, horizontal, vertical in _SIDES:
            yield panel.annotate(
                point.get_label(),
                (point.get_xdata()[0], point.get_ydata()[0]),
                (right * distance, up * distance),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=8,
                color=point.get_color(),
                arrowprops={"arrowstyle": "-", "color": point.get_color(), "linewidth": 0.5},
            )
