"""How long to wait before another attempt at something that failed."""

from __future__ import annotations

from dataclasses import dataclass

# Doubling a second this often exceeds any limit, and a float holds it.
_MAX_DOUBLINGS = 60


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff: each wait is twice as long as the one before, up to a limit.

    Attributes
    ----------
    first : float
        Seconds after the first failure.
    limit : float
        Seconds that a wait takes at most.
    """

    first: float
    limit: float

    def delay(self, failures: int) -> float:
        """Seconds to wait after a number of failures in a row, at least 1."""
        return min(self.first * 2.0 ** min(failures - 1, _MAX_DOUBLINGS), self.limit)
