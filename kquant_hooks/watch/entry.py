"""What a ledger holds, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kquant_hooks.watch.intake import UNKNOWN, Sample

UNKNOWN_DIGEST = "?"
State = Literal["claimed", "waiting", "done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes
    ----------
    source : str
        Its path below the watched folder.
    sample : Sample
        The version.
    fingerprint : str
        Of the settings.
    target : str
        The result's path below the folder of results; empty where there is none.
    state : {"claimed", "waiting", "done", "skipped", "failed"}
        "claimed" is one whose target is set aside for it and may be written already; "waiting" one whose
        target is taken.
    reason : str
        For all but "done".
    digest : str
        Of what it held; empty if that is not known.
    made : str
        Of what its result held when that was written; empty if that is not known.
    """

    source: str
    sample: Sample
    fingerprint: str
    target: str
    state: State
    reason: str = ""
    digest: str = ""
    made: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done with this version of the file."""
        return self.state not in ("claimed", "waiting")

    def is_about(self, sample: Sample) -> bool:
        """Whether it is about this version of the file."""
        return self.sample == sample or (self.sample.ctime_ns == UNKNOWN and self.sample.resembles(sample))


@dataclass(frozen=True, slots=True)
class Result:
    """A file in the folder of results.

    Attributes
    ----------
    source : str, optional
        Whose own it is; None: nobody's, since the source is gone or the result was changed.
    digest : str
        Of what was written; empty if nothing was yet or it is not there any more, and ``UNKNOWN_DIGEST`` for
        results of a version of kquant that put down none.
    """

    source: str | None
    digest: str

    @property
    def is_kept(self) -> bool:
        """Whether somebody else has changed it."""
        return self.source is None and not self.digest
