"""The limits of the search that ``effort`` sets."""

from __future__ import annotations

from dataclasses import dataclass


def for_colors(number: tuple[int, int], count: int) -> int:
    """So many, and so many more for each colour."""
    base, per_color = number
    return base + per_color * count


@dataclass(frozen=True, slots=True)
class Effort:
    """Every internal limit that ``effort`` sets.

    Attributes
    ----------
    sample_pixels : tuple of int, optional
        How many pixels of a large picture are learned from: so many, and so many more for each colour; None:
        all. With n of them the error of k colours is a share of k / n higher, as each mean strays by its
        cluster's error over its pixels.
    search_points : tuple of int
        Target number of points while centres are seeded and moved about: so many, and so many more for each
        colour.
    oversplit : tuple of int
        Wu's cuts make this many times the wanted colours, which are then merged in pairs: for up to 32
        colours, and for more.
    other_oversplits : tuple of int
        Those of further starts for small searches.
    small_search : int
        Up to so many products of points and colours a search is small.
    swap_tries, swap_share, swap_kicks :
        See ``swaps.Moves``.
    swap_lloyd_steps : tuple of int
        That of ``swaps.Moves`` for up to 32 colours, and for more. Where few clusters are large, it takes
        several iterations to show whether a move pays.
    descent_points : tuple of int
        Target number of points for the descent that follows, given like ``search_points``.
    refine_colors : int
        Pictures with no more distinct colours than this end with iterations over all of them.
    refine_iterations : int
        How many of those.
    tol : float
        Where the descents stop, unless the settings say so.
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
    descent_points: tuple[int, int]
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
        descent_points=(1000, 12),
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
        descent_points=(3000, 52),
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
        descent_points=(64000, 0),
        refine_colors=1 << 24,
        refine_iterations=30,
        tol=2e-5,
    ),
}
