"""The entries of a ledger, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kquant_hooks.watch.intake import UNKNOWN, Sample

UNKNOWN_DIGEST = "?"
State = Literal["claimed", "waiting", "done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows about one file.

    Attributes
    ----------
    source : str
        Its path, relative to the watched folder.
    sample : Sample
        Its version.
    fingerprint : str
        That of the settings with which it was processed.
    target : str
        The result's path, relative to the folder of results; empty if there is none.
    state : {"claimed", "waiting", "done", "skipped", "failed"}
        "claimed": its target is reserved and may be written already; "waiting": its target is taken.
    reason : str
        Why it has no result; empty if it is "done".
    digest : str
        That of its content; empty if unknown.
    result_digest : str
        The digest of its result as it was written; empty if unknown.
    """

    source: str
    sample: Sample
    fingerprint: str
    target: str
    state: State
    reason: str = ""
    digest: str = ""
    result_digest: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether this version of the file has been processed."""
        return self.state not in ("claimed", "waiting")

    def is_about(self, sample: Sample) -> bool:
        """Whether the entry is about this version of the file."""
        return self.sample == sample or (self.sample.ctime_ns == UNKNOWN and self.sample.resembles(sample))


@dataclass(frozen=True, slots=True)
class Result:
    """What the ledger knows about a file in the folder of results.

    Attributes
    ----------
    source : str, optional
        The file that owns it; None if that file is gone or a user has changed the result.
    digest : str
        That of the content as it was written; empty if nothing was written yet or it is gone, and
        ``UNKNOWN_DIGEST`` if an early version of kquant wrote it, which recorded no digests.
    """

    source: str | None
    digest: str

    @property
    def is_modified(self) -> bool:
        """Whether a user has changed it."""
        return self.source is None and not self.digest
