"""The limits of the search that ``effort`` sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Every internal limit that ``effort`` sets.

    Attributes
    ----------
    search_points : int
        Target number of points while centres are seeded and moved about.
    oversplits : tuple of int
        Wu's cuts make this many times the wanted colours, which are then merged in pairs; the further ones
        are other starts for small pictures and few colours.
    swap_tries, swap_share, swap_settle :
        See ``kmeans.swap``.
    descent_points : int
        Target number of points for the descent that follows.
    refine_colors : int
        Pictures with no more distinct colours than this end with iterations over all of them.
    refine_iterations : int
        How many of those.
    tol : float
        Where the descents stop, unless the settings say so.
    """

    search_points: int
    oversplits: tuple[int, ...]
    swap_tries: int
    swap_share: float
    swap_settle: int
    descent_points: int
    refine_colors: int
    refine_iterations: int
    tol: float


EFFORTS: dict[str, Effort] = {
    "fast": Effort(2000, (1,), 2, 0.12, 1, 6000, 0, 0, 5e-3),
    "balanced": Effort(4000, (2, 1, 4), 10, 0.12, 2, 16000, 1 << 18, 2, 2e-4),
    "best": Effort(24000, (2, 1, 4, 8), 60, 0.12, 4, 64000, 1 << 24, 10, 1e-4),
}
