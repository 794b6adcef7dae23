"""One row for each method: means over the pictures, and ratios to the reference."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.measure import Measurement
from benchmarks.methods import REFERENCE


@dataclass(frozen=True, slots=True)
class Row:
    """What one method reached for one number of colours.

    Attributes
    ----------
    method : str
    mse : float
        Mean over the method's pictures.
    milliseconds : float
        Mean over the method's pictures of the median of the repetitions.
    time_ratio, mse_ratio : float or None
        To the reference on the same pictures; None without one, or where it is zero.
    pictures : int
    repeats : int
        Repetitions on each picture.
    """

    method: str
    mse: float
    milliseconds: float
    time_ratio: float | None
    mse_ratio: float | None
    pictures: int
    repeats: int


def summarize(measurements: list[Measurement], colors: int) -> list[Row]:
    """The rows for one number of colours, in the order of the methods."""
    by_method: dict[str, dict[str, Measurement]] = {}
    for measurement in measurements:
        if measurement.colors == colors:
            by_method.setdefault(measurement.method, {})[measurement.picture] = measurement
    reference = by_method.get(REFERENCE, {})
    rows = []
    for method, ours in by_method.items():
        # The reference has no limit: where it ran at all, it ran on every picture of every method.
        theirs = [reference[picture] for picture in ours if picture in reference]
        mse, time = _means(list(ours.values()))
        base_mse, base_time = _means(theirs) if theirs else (0.0, 0.0)
        repeats = max(len(measurement.seconds) for measurement in ours.values())
        rows.append(
            Row(method, mse, time, _ratio(time, base_time), _ratio(mse, base_mse), len(ours), repeats)
        )
    return rows


def _means(measurements: list[Measurement]) -> tuple[float, float]:
    mse = fmean(measurement.mse for measurement in measurements)
    return mse, 1e3 * fmean(median(measurement.seconds) for measurement in measurements)


def _ratio(value: float, base: float) -> float | None:
    return value / base if base else None
