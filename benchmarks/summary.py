"""One row for each method: means over the pictures, and ratios to the reference."""

from __future__ import annotations

from collections.abc import Collection
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
    ciede2000, ssim : float or None
        Means; None where one picture has none.
    milliseconds : float or None
        Mean over the method's pictures of the median of the repetitions; None where these are not timed.
    time_ratio, mse_ratio : float or None
        To the reference on the same pictures; None without one, or where it is zero.
    pictures : int
    repeats : int
        Repetitions on each picture.
    """

    method: str
    mse: float
    ciede2000: float | None
    ssim: float | None
    milliseconds: float | None
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
        mse, time = _error(ours.values()), _time(ours.values())
        rows.append(
            Row(
                method,
                mse,
                _mean([measurement.ciede2000 for measurement in ours.values()]),
                _mean([measurement.ssim for measurement in ours.values()]),
                time,
                _ratio(time, _time(theirs)) if theirs else None,
                _ratio(mse, _error(theirs)) if theirs else None,
                len(ours),
                max(1, *(len(measurement.seconds) for measurement in ours.values())),
            )
        )
    return rows


def _error(measurements: Collection[Measurement]) -> float:
    return fmean(measurement.mse for measurement in measurements)


def _time(measurements: Collection[Measurement]) -> float | None:
    medians = _mean([median(m.seconds) if m.seconds else None for m in measurements])
    return None if medians is None else 1e3 * medians


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None
