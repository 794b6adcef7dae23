"""How the daemon goes about its work: the ``watch:`` section, and the third list of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kquant_hooks.options.kinds import Option, check_all, option, options_of

Originals = Literal["keep", "archive", "delete"]
Collision = Literal["suffix", "overwrite", "skip"]


@dataclass(frozen=True, slots=True)
class Watch:
    """How files that arrive are taken in: validated, immutable, hashable.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range.
    """

    settle: float = option(2.0, kind="duration", help="a file is ready when it has not changed for so long")
    rescan: float = option(300.0, kind="duration", low=1, help="look through the whole folder so often")
    polling: bool = option(
        False, kind="flag", help="look at the folder again and again, where the system reports no changes"
    )
    recursive: bool = option(True, kind="flag", help="watch folders in the folder as well")
    originals: Originals = option(
        "keep",
        kind="choice",
        choices=("keep", "archive", "delete"),
        help="what becomes of a file once its result is written",
    )
    collision: Collision = option(
        "suffix",
        kind="choice",
        choices=("suffix", "overwrite", "skip"),
        help="what is done where two files would have the same result",
    )
    jobs: int | None = option(
        None, kind="integer", low=1, optional=True, help="files at once; None: one per core"
    )

    def __post_init__(self) -> None:
        check_all(self, WATCH_OPTIONS)


WATCH_OPTIONS: dict[str, Option] = options_of(Watch)
