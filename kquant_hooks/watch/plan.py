"""What a daemon is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kquant_hooks.config.applying import Applied
from kquant_hooks.options.watch import Watch

if TYPE_CHECKING:
    from kquant_hooks.config.document import Config

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
    config : Config, optional
        What the configuration says; None where there is none.
    flags : frozenset of str
        Options that were given as flags, which have the say over it.
    again : callable
        Makes the same plan of the configuration as it is now; ValueError or OSError if it cannot be used.
    once : bool
        Whether to end once nothing is left to do.
    """

    inbox: Path
    outbox: Path | None
    watch: Watch
    applied_to: Callable[[Path], Applied]
    config: Config | None
    flags: frozenset[str]
    again: Callable[[], Plan]
    once: bool = False

    @property
    def patience(self) -> float:
        """Seconds after which a file that is not ready is said to be so."""
        settle = self.watch.settle
        return 5 * settle + 1 if self.once else max(60.0, 30 * settle)

    @property
    def home(self) -> Path:
        """The folder that holds the state's folder."""
        return self.outbox or self.inbox

    @property
    def state(self) -> Path:
        """The folder of the ledger and the lock."""
        return self.home / STATE_FOLDER
