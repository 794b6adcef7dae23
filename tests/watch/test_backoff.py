"""Waits between attempts grow, up to a limit, and never overflow."""

from __future__ import annotations

from kquant_hooks.watch.backoff import Backoff


def test_each_wait_is_twice_as_long_up_to_the_limit():
    backoff = Backoff(first=1.0, limit=60.0)
    assert [backoff.delay(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_any_number_of_failures_has_a_wait():
    """A disk that is full for a week fails some thousand times; 2**1024 is too large for a float."""
    assert Backoff(first=1.0, limit=300.0).delay(100_000) == 300.0
