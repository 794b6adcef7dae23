"""What a daemon is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kquant_hooks.config.applying import Applied
from kquant_hooks.config.watch import Watch

# In the folder of results: the ledger and the lock.
STATE_FOLDER = ".kquant"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a daemon is asked to do.

    Attributes
    ----------
    inbox : Path
        The watched folder, absolute.
    outbox : Path, optional
        The folder of results, absolute; None: files are rewritten where they are.
    watch : Watch
    applied_to : callable
        What holds for a file.
    once : bool
        Whether to end once nothing is left to do.
    """

    inbox: Path
    outbox: Path | None
    watch: Watch
    applied_to: Callable[[Path], Applied]
    once: bool = False

    @property
    def home(self) -> Path:
        """The folder that holds the state's folder."""
        return self.outbox or self.inbox

    @property
    def state(self) -> Path:
        """The folder of the ledger and the lock."""
        return self.home / STATE_FOLDER
