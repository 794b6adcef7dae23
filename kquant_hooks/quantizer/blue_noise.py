"""A table of thresholds without low frequencies, by void and cluster; run as a module, this file makes it.

Ulichney 1993, *The void-and-cluster method for dither array generation*: in the order of the thresholds, each
pixel is placed where those before it leave the largest void.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Integers

_TABLE = Path(__file__).with_suffix(".npy")
_SIZE = 64
# Standard deviation, in pixels, of the Gaussian around each pixel by which voids and clusters are found.
_SIGMA = 1.9
# The initial pattern has one pixel in this many.
_SPARSENESS = 10


@cache
def blue_noise() -> Integers:
    """The ranks 0..4095 of the pixels of a tile that repeats seamlessly: shape (64, 64), uint16."""
    table: Integers = np.load(_TABLE, allow_pickle=False)
    table.setflags(write=False)
    return table


def void_and_cluster(size: int) -> Integers:
    """The ranks 0..size**2 - 1 of the pixels of a tile: shape (size, size), uint16.

    The same on every machine: energies are integers, and ties go to the first pixel.
    """
    draws = np.random.PCG64(0).random_raw(size * size)
    minority = np.zeros(size * size, bool)
    minority[np.argsort(draws, kind="stable")[: size * size // _SPARSENESS]] = True
    kernel = _kernel(size)
    energy = np.zeros((size, size), np.int64)
    for pixel in np.flatnonzero(minority).tolist():
        energy += _around(kernel, pixel)
    while True:
        cluster = _tightest(minority, energy)
        energy -= _around(kernel, cluster)
        minority[cluster] = False
        void = _largest_void(minority, energy)
        energy += _around(kernel, void)
        minority[void] = True
        if void == cluster:
            break
    ranks = np.zeros(size * size, np.uint16)
    count = int(np.count_nonzero(minority))
    rest, rest_energy = minority.copy(), energy.copy()
    for rank in reversed(range(count)):
        cluster = _tightest(rest, rest_energy)
        rest_energy -= _around(kernel, cluster)
        rest[cluster] = False
        ranks[cluster] = rank
    for rank in range(count, size * size):
        void = _largest_void(minority, energy)
        energy += _around(kernel, void)
        minority[void] = True
        ranks[void] = rank
    return ranks.reshape(size, size)


def _kernel(size: int) -> Integers:
    """A Gaussian around the first pixel of a tile that repeats."""
    distance = np.minimum(np.arange(size), size - np.arange(size))
    square = np.add.outer(distance * distance, distance * distance)
    kernel: Integers = np.rint(np.exp(-square / (2 * _SIGMA**2)) * (1 << 20)).astype(np.int64)
    return kernel


def _around(kernel: Integers, pixel: int) -> Integers:
    return np.roll(kernel, divmod(pixel, len(kernel)), axis=(0, 1))


def _tightest(pixels: Bools, energy: Integers) -> int:
    return int(np.where(pixels, energy.ravel(), -1).argmax())


def _largest_void(pixels: Bools, energy: Integers) -> int:
    return int(np.where(pixels, np.iinfo(np.int64).max, energy.ravel()).argmin())


if __name__ == "__main__":
    np.save(_TABLE, void_and_cluster(_SIZE))
