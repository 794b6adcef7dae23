"""The exit codes of the commands."""

from __future__ import annotations

from collections.abc import Iterable

from kquant_hooks.assets.outcome import Outcome

EXIT_DONE, EXIT_REWRITE, EXIT_USAGE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def exit_code(outcomes: Iterable[Outcome], *, rewriting_counts: bool) -> int:
    """The exit code for some outcomes; ``rewriting_counts`` if rewriting is what a script asks about."""
    statuses = {outcome.status for outcome in outcomes}
    if "failed" in statuses:
        return EXIT_FAILED
    return EXIT_REWRITE if rewriting_counts and statuses & {"rewritten", "would-rewrite"} else EXIT_DONE
