"""The array types and the sums that all stages share.

Results are the same on every machine because they are exact. Coordinates are integers held in floats, and so
small that each product and each partial sum of a distance is an integer below the float's precision (2**24
for float32, 2**53 for float64). A matrix product then has one right answer, whatever the BLAS, its threads or
the order of its additions. Sums over points use ``bincount``, which adds in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Weighted points on an integer grid.

    Attributes
    ----------
    coords : ndarray, shape (n, d), float32 or float64
        Integer values in 0..2**bits - 1, of a dtype in which squared distances are exact.
    weights : ndarray, shape (n,), float64
        Pixels per point: positive integers.
    bits : int
        Width of the grid.
    fixed : int
        How many of the centres for these points never move: the first ones.
    """

    coords: Floats
    weights: Floats
    bits: int
    fixed: int = 0


def exact_dtype(bits: int, dimensions: int) -> type[np.floating[Any]]:
    """The smallest float type in which ``|c|**2 - 2 x.c`` is exact on a grid of this width."""
    largest = 3 * dimensions << (2 * bits)
    if largest <= 1 << 24:
        return np.float32
    if largest <= 1 << 53:
        return np.float64
    raise ValueError(f"a grid of {bits} bits in {dimensions} dimensions exceeds float64's exact range")


def grouped_sums(groups: Integers, values: Sequence[Floats], count: int) -> list[Floats]:
    """The sum per group of each array of ``values``: a list of float64 arrays of shape (count,)."""
    return [np.bincount(groups, value, count).astype(np.float64, copy=False) for value in values]


def sum_in_order(values: Floats) -> float:
    """The sum of a long array, added in order, unlike NumPy's own sum."""
    return float(np.bincount(np.zeros(len(values), np.intp), values, 1)[0])


def exact_sum(values: Floats) -> float:
    """The correctly rounded sum of a short array, whatever the order of its values."""
    return math.fsum(values.tolist())
