"""The limits that ``effort`` sets for the search."""

from __future__ import annotations

from dataclasses import dataclass


def for_colors(number: tuple[int, int], count: int) -> int:
    """The number ``(base, per_color)`` for ``count`` colours: ``base + per_color * count``."""
    base, per_color = number
    return base + per_color * count


@dataclass(frozen=True, slots=True)
class Effort:
    """Every internal limit that ``effort`` sets.

    A pair ``(base, per_color)`` means ``base + per_color * colors``. A pair "for few and for many colours"
    means for up to 32 colours, and for more.

    Attributes
    ----------
    sample_pixels : tuple of int, optional
        How many pixels of a large picture are learned from, as (base, per_color); None: all. With n pixels
        the error of k colours is higher by the fraction k / n, as each mean deviates by its cluster's error
        divided by its pixels.
    search_points : tuple of int
        The target number of points while centres are seeded and swapped, as (base, per_color).
    oversplit : tuple of int
        Wu's cuts make this many times the wanted colours, which are then merged in pairs: for few and for
        many colours.
    other_oversplits : tuple of int
        The same for further starts of small searches.
    small_search : int
        A search is small if the product of its points and colours is at most this.
    swap_tries, swap_share, swap_kicks :
        See ``SwapPlan``.
    swap_lloyd_steps : tuple of int
        ``lloyd_steps`` of ``SwapPlan``, for few and for many colours. A few large clusters need several
        iterations to show whether a swap lowers the error.
    lloyd_points : tuple of int
        The target number of points for the Lloyd iterations that follow, as (base, per_color).
    refine_colors : int
        Pictures with at most this many distinct colours end with iterations over all of them.
    refine_iterations : int
        How many such iterations.
    tol : float
        The tolerance at which Lloyd iterations stop, unless the settings have one.
    """

    sample_pixels: tuple[int, int] | None
    search_points: tuple[int, int]
    oversplit: tuple[int, int]
    other_oversplits: tuple[int, ...]
    small_search: int
    swap_tries: int
    swap_share: float
    swap_lloyd_steps: tuple[int, int]
    swap_kicks: int
    lloyd_points: tuple[int, int]
    refine_colors: int
    refine_iterations: int
    tol: float


EFFORTS: dict[str, Effort] = {
    "fast": Effort(
        sample_pixels=(1 << 16, 0),
        search_points=(500, 4),
        oversplit=(2, 1),
        other_oversplits=(),
        small_search=0,
        swap_tries=2,
        swap_share=0.12,
        swap_lloyd_steps=(2, 1),
        swap_kicks=0,
        lloyd_points=(1000, 12),
        refine_colors=0,
        refine_iterations=0,
        tol=1e-2,
    ),
    "balanced": Effort(
        sample_pixels=(1 << 17, 1536),
        search_points=(1000, 12),
        oversplit=(2, 2),
        other_oversplits=(1, 4),
        small_search=1 << 14,
        swap_tries=10,
        swap_share=0.2,
        swap_lloyd_steps=(4, 1),
        swap_kicks=0,
        lloyd_points=(3000, 52),
        refine_colors=1 << 18,
        refine_iterations=1,
        tol=1e-3,
    ),
    "best": Effort(
        sample_pixels=None,
        search_points=(12000, 0),
        oversplit=(2, 2),
        other_oversplits=(1, 4, 8),
        small_search=1 << 19,
        swap_tries=60,
        swap_share=0.2,
        swap_lloyd_steps=(4, 2),
        swap_kicks=18,
        lloyd_points=(64000, 0),
        refine_colors=1 << 24,
        refine_iterations=30,
        tol=2e-5,
    ),
}
