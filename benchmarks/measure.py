"""Error and time of methods on pictures, interleaved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.methods import Indexed, Method, Output
from benchmarks.perception import likeness, middle
from benchmarks.pictures import Picture, read

_STRIP_ROWS = 256


@dataclass(frozen=True, slots=True)
class Measurement:
    """One method on one picture.

    Attributes
    ----------
    picture, method : str
    colors : int
        How many were asked for.
    mse : float
        Mean over pixels of the sum over R, G, B of squared errors.
    ciede2000, ssim : float or None
        As from ``perception.likeness``.
    seconds : tuple of float
        Wall-clock time of every repetition; none of a method whose time cannot be compared.
    """

    picture: str
    method: str
    colors: int
    mse: float
    ciede2000: float | None
    ssim: float | None
    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Skip:
    """A picture that is above a method's limit."""

    picture: str
    method: str
    max_pixels: int


def compare(
    pictures: list[Picture],
    methods: list[Method],
    colors: list[int],
    repeat: int,
    megapixels: float | None,
    progress: Callable[[str], None],
) -> tuple[list[Measurement], list[Skip]]:
    """Measure every method on every picture for every number of colours.

    In each repetition each method runs once, so that a busy machine hits all of them alike.

    Parameters
    ----------
    pictures : list of Picture
    methods : list of Method
    colors : list of int
    repeat : int
        Repetitions; methods may have a lower limit of their own.
    megapixels : float or None
        As for ``pictures.read``.
    progress : callable
        Called with a line of text before each run.

    Returns
    -------
    measurements : list of Measurement
    skips : list of Skip
    """
    _warm_up(methods)
    measurements: list[Measurement] = []
    skips: list[Skip] = []
    for number, picture in enumerate(pictures, 1):
        image = read(picture.path, megapixels)
        fitting = []
        for method in methods:
            if method.max_pixels is not None and image.width * image.height > method.max_pixels:
                skips.append(Skip(picture.name, method.name, method.max_pixels))
            else:
                fitting.append(method)
        for count in colors:
            where = f"{number}/{len(pictures)} {picture.name}, {count} colours"
            measurements += _interleaved(picture.name, image, fitting, count, repeat, where, progress)
    return measurements, skips


def squared_error(image: Image.Image, output: Output) -> float:
    """The mean over pixels of the sum over R, G, B of squared errors.

    Parameters
    ----------
    image : PIL.Image.Image
        Mode 'RGB'.
    output : PIL.Image.Image or Indexed
        The same image, quantized.
    """
    total = 0
    for top in range(0, image.height, _STRIP_ROWS):
        box = (0, top, image.width, min(top + _STRIP_ROWS, image.height))
        difference = np.asarray(image.crop(box)).astype(np.int32) - _shown(output, box)
        total += int(np.square(difference).sum(dtype=np.int64))
    return total / (image.width * image.height)


def _shown(output: Output, box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """The colours in a box: shape (height, width, 3)."""
    if isinstance(output, Indexed):
        left, top, right, bottom = box
        shown: npt.NDArray[np.uint8] = output.palette[output.indices[top:bottom, left:right]]
        return shown
    return np.asarray(output.crop(box).convert("RGB"))


def _interleaved(
    name: str,
    image: Image.Image,
    methods: list[Method],
    colors: int,
    repeat: int,
    where: str,
    progress: Callable[[str], None],
) -> list[Measurement]:
    figures: dict[str, tuple[float, float | None, float | None]] = {}
    judged = middle(*image.size)
    seconds: dict[str, list[float]] = {method.name: [] for method in methods}
    for repetition in range(repeat):
        for method in methods:
            most = method.max_repeats if method.timed else 1
            if most is not None and repetition >= most:
                continue
            progress(f"{where}, repetition {repetition + 1}/{repeat}: {method.name}")
            start = perf_counter()
            output = method.run(image, colors)
            if method.timed:
                seconds[method.name].append(perf_counter() - start)
            if repetition == 0:
                assert _colors_used(output) <= colors, f"{method.name} gave more than {colors} colours"
                likenesses = likeness(np.asarray(image.crop(judged)), _shown(output, judged))
                figures[method.name] = (squared_error(image, output), *likenesses)
    return [Measurement(name, m, colors, *figures[m], tuple(times)) for m, times in seconds.items()]


def _warm_up(methods: list[Method]) -> None:
    """Run every method once on something small, so that no import and no start of threads is timed."""
    image = Image.linear_gradient("L").convert("RGB")
    for method in methods:
        method.run(image, 5)


def _colors_used(output: Output) -> int:
    if isinstance(output, Indexed):
        return int(np.count_nonzero(np.bincount(output.indices.ravel())))
    return sum(count > 0 for count in output.histogram())
