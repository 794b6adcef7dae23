"""What happened to one file."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kquant_hooks.documents.figures import Figures


Status = Literal["rewritten", "would-rewrite", "unchanged", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one file.

    Attributes
    ----------
    path : Path
        The source.
    status : {"rewritten", "would-rewrite", "unchanged", "skipped", "failed"}
        "would-rewrite" is the status in a dry run; an "unchanged" file needs no rewriting, a "skipped" one is
        left alone on purpose, and a "failed" one could not be processed.
    reason : str
        One sentence for the last three, and for copies; otherwise empty.
    target : Path, optional
        The file that is written, or would be; the source itself if it is rewritten in place.
    bytes_before, bytes_after : int
        0 if unknown.
    figures : Figures, optional
        Set if the file was quantized.
    """

    path: Path
    status: Status
    reason: str = ""
    _: KW_ONLY
    target: Path | None = None
    bytes_before: int = 0
    bytes_after: int = 0
    figures: Figures | None = None


def unwritten(outcome: Outcome, reason: str) -> Outcome:
    """The outcome for a result that could not be written."""
    return replace(outcome, status="failed", reason=reason, bytes_after=0)
