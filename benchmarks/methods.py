"""The quantizers that are compared: one function each, and the table of them.

Every function takes a decoded RGB image and a number of colours, and returns an indexed image or indices with
their palette. Its own conversions and the assignment of every pixel are part of it.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from kquant_hooks import quantize


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """Indices into a palette.

    Attributes
    ----------
    indices : ndarray of int, shape (height, width)
    palette : ndarray of uint8, shape (colours, 3)
    """

    indices: npt.NDArray[Any]
    palette: npt.NDArray[np.uint8]


Output = Image.Image | Indexed


@dataclass(frozen=True, slots=True)
class Method:
    """One quantizer.

    Attributes
    ----------
    name : str
    run : callable
        ``run(image, colors)``.
    needs : str or None
        The module that must be installed.
    max_pixels : int or None
        Larger pictures would take a minute or more and are left out, with a note.
    max_repeats : int or None
        A slow method is repeated no more often than this.
    program : str or None
        The program that must be installed.
    timed : bool
        Whether its time can be compared with others'.
    """

    name: str
    run: Callable[[Image.Image, int], Output]
    needs: str | None = None
    max_pixels: int | None = None
    max_repeats: int | None = None
    program: str | None = None
    timed: bool = True

    def missing(self) -> bool:
        """Whether it is not installed."""
        no_module = self.needs is not None and find_spec(self.needs) is None
        return no_module or (self.program is not None and shutil.which(self.program) is None)


def _kquant(image: Image.Image, colors: int, **options: Any) -> Output:
    return quantize(image, colors, **options).image


def _pillow(image: Image.Image, colors: int, method: Image.Quantize, kmeans: int = 0) -> Output:
    return image.quantize(colors, method, kmeans, dither=Image.Dither.NONE)


def _scikit_kmeans(image: Image.Image, colors: int) -> Output:
    from sklearn.cluster import KMeans

    model = KMeans(colors, n_init=1, max_iter=20, random_state=0).fit(_points(image))
    return _indexed(image, model.labels_, model.cluster_centers_)


def _scikit_minibatch(image: Image.Image, colors: int) -> Output:
    from sklearn.cluster import MiniBatchKMeans

    # With the default of 1024 the number of batches grows with the picture until it is slower than KMeans.
    model = MiniBatchKMeans(colors, n_init=1, batch_size=16384, random_state=0).fit(_points(image))
    return _indexed(image, model.labels_, model.cluster_centers_)


def _opencv(image: Image.Image, colors: int) -> Output:
    import cv2

    cv2.setRNGSeed(0)
    twenty_rounds = (cv2.TERM_CRITERIA_MAX_ITER, 20, 0)
    buffer = np.empty((image.width * image.height, 1), np.int32)
    _, labels, centers = cv2.kmeans(_points(image), colors, buffer, twenty_rounds, 1, cv2.KMEANS_PP_CENTERS)
    return _indexed(image, np.asarray(labels), np.asarray(centers))


def _faiss(image: Image.Image, colors: int) -> Output:
    import faiss

    points = _points(image)
    model = faiss.Kmeans(3, colors)
    model.train(points)
    _, labels = model.index.search(points, 1)
    return _indexed(image, labels, np.asarray(model.centroids))


def _imagequant(image: Image.Image, colors: int) -> Output:
    from imagequant import quantize_raw_rgba_bytes

    # The package's own function for Pillow images spends most of its time on a Python loop over the pixels.
    indices, palette = quantize_raw_rgba_bytes(
        image.convert("RGBA").tobytes(), image.width, image.height, dithering_level=0.0, max_colors=colors
    )
    entries = np.array(palette, np.uint8).reshape(-1, 4)[:, :3]
    return Indexed(np.frombuffer(indices, np.uint8).reshape(image.height, image.width), entries)


def _imagequant_for_pillow(image: Image.Image, colors: int) -> Output:
    from imagequant import quantize_pil_image

    result: Image.Image = quantize_pil_image(image, dithering_level=0.0, max_colors=colors)
    return result


def run_pngquant(image: Image.Image, colors: int, *flags: str) -> Image.Image:
    """What the program makes of an image, which it gets as a file."""
    source = io.BytesIO()
    image.save(source, "PNG", compress_level=1)
    command = ["pngquant", *flags, str(colors), "-"]
    # S603: the command is made of this module's own words.
    done = subprocess.run(command, input=source.getvalue(), capture_output=True, check=True)  # noqa: S603
    return Image.open(io.BytesIO(done.stdout))


def _points(image: Image.Image) -> npt.NDArray[np.float32]:
    return np.asarray(image).reshape(-1, 3).astype(np.float32)


def _indexed(image: Image.Image, labels: npt.NDArray[Any], centers: npt.NDArray[Any]) -> Indexed:
    palette = np.rint(centers).clip(0, 255).astype(np.uint8)
    return Indexed(labels.reshape(image.height, image.width), palette)


REFERENCE = "Pillow FASTOCTREE"

METHODS = (
    Method("kquant fast", partial(_kquant, effort="fast")),
    Method("kquant balanced", partial(_kquant, effort="balanced")),
    Method("kquant balanced oklab", partial(_kquant, effort="balanced", space="oklab")),
    Method("kquant best", partial(_kquant, effort="best")),
    Method(REFERENCE, partial(_pillow, method=Image.Quantize.FASTOCTREE)),
    Method("Pillow MEDIANCUT", partial(_pillow, method=Image.Quantize.MEDIANCUT)),
    Method(
        "Pillow MEDIANCUT kmeans=1",
        partial(_pillow, method=Image.Quantize.MEDIANCUT, kmeans=1),
        max_pixels=3_000_000,
        max_repeats=3,
    ),
    Method(
        "Pillow MAXCOVERAGE",
        partial(_pillow, method=Image.Quantize.MAXCOVERAGE),
        max_pixels=3_000_000,
        max_repeats=3,
    ),
    Method("scikit-learn KMeans", _scikit_kmeans, "sklearn", max_pixels=3_000_000, max_repeats=3),
    Method("scikit-learn MiniBatchKMeans", _scikit_minibatch, "sklearn", max_pixels=3_000_000, max_repeats=3),
    Method("OpenCV kmeans", _opencv, "cv2", max_pixels=3_000_000, max_repeats=3),
    Method("faiss Kmeans", _faiss, "faiss"),
    Method("imagequant", _imagequant, "imagequant"),
    Method("imagequant for Pillow", _imagequant_for_pillow, "imagequant", max_repeats=2),
    # The program, which dithers where that is not forbidden; its time is that of starting it, too.
    Method("pngquant", run_pngquant, program="pngquant", timed=False),
    Method("pngquant --nofs", lambda *a: run_pngquant(*a, "--nofs"), program="pngquant", timed=False),
)


def select(parts: list[str]) -> tuple[list[Method], list[str]]:
    """The methods whose names contain one of ``parts`` (all, where there are none) and that are installed.

    Returns
    -------
    methods : list of Method
    missing : list of str
        Names of those that are not installed.

    Raises
    ------
    ValueError
        If no method is left.
    """
    wanted = [m for m in METHODS if not parts or any(part.lower() in m.name.lower() for part in parts)]
    if not wanted:
        names = ", ".join(method.name for method in METHODS)
        raise ValueError(f"no method's name contains {' or '.join(map(repr, parts))}; there are {names}")
    missing = [method.name for method in wanted if method.missing()]
    methods = [m for m in wanted if m.name not in missing]
    if not methods:
        raise ValueError(f"not installed: {', '.join(missing)}; install the 'bench' extra, or pngquant")
    return methods, missing
