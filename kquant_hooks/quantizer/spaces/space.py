"""A colour space as a value: all that the quantizer knows about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from kquant_hooks.clustering.arrays import Floats, Integers


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """A space in which distances between colours are measured.

    A level is 1/255 of the way from black to white. Coordinates are whole numbers of parts of a level.

    Attributes
    ----------
    name : str
        The value of the option ``space``.
    coords_of : callable
        The coordinates of colours: from an array of shape (n, d) to one of the same shape, in ``parts``. Of
        a float type in which distances are exact, and in column order.
    rgb_of : callable
        R, G, B levels from levels in this space: from an array of shape (n, d) to one of the same shape.
    rgb_only : bool
        Whether only colours of R, G, B have coordinates: not inks, other channels or 16-bit levels.
    parts : int
        How many parts a level has.
    alpha_parts : int
        How many parts a level has for colours with alpha: a multiple of ``parts``.
    zero : tuple of float
        The level about which each channel is premultiplied by alpha.
    alpha_levels : int
        How many levels lie between transparent and opaque.
    """

    name: str
    coords_of: Callable[[Integers], Floats]
    rgb_of: Callable[[Floats], Floats | Integers]
    rgb_only: bool
    parts: int
    alpha_parts: int
    zero: tuple[float, float, float]
    alpha_levels: int


def space_named(name: str) -> ColorSpace:
    """The ``SPACE`` of the module of that name in this folder."""
    space: ColorSpace = import_module(f"kquant_hooks.quantizer.spaces.{name}").SPACE
    return space
