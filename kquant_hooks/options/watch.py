"""The list of options for the daemon, which the ``watch:`` section of a configuration holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kquant_hooks.options.kinds import Choice, Flag, Integer
from kquant_hooks.options.option import Option, check_all, option, options_of
from kquant_hooks.options.quantities import Duration

Originals = Literal["keep", "archive", "delete"]
Collision = Literal["suffix", "overwrite", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How the daemon takes files in: validated, immutable, hashable.

    Raises
    ------
    ValueError
        If a value is of the wrong type or out of range.
    """

    settle: float = option(2.0, Duration(), "how long a file must stay unchanged before it is processed")
    rescan: float = option(300.0, Duration(1), "interval between full scans of the folder")
    polling: bool = option(
        False, Flag(), "scan the folder at short intervals; for file systems that report no changes"
    )
    recursive: bool = option(True, Flag(), "watch subfolders too")
    originals: Originals = option(
        "keep", Choice(get_args(Originals)), "what happens to a file once its result is written"
    )
    collision: Collision = option(
        "suffix",
        Choice(get_args(Collision)),
        "what happens if the results of two files would have the same name",
    )
    jobs: int | None = option(None, Integer(1), "number of files to process at once", none="one per core")

    def __post_init__(self) -> None:
        check_all(self, WATCH_OPTIONS)


WATCH_OPTIONS: dict[str, Option] = options_of(Watch)
