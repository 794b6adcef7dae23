"""The plan of a daemon: its folders and options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kquant_hooks.config.resolving import Resolved
from kquant_hooks.options.watch import Watch

if TYPE_CHECKING:
    from kquant_hooks.config.document import Config

# In the folder of results; contains the ledger and the lock.
STATE_FOLDER = ".kquant"


@dataclass(frozen=True, slots=True)
class Plan:
    """The folders and options of a daemon.

    Attributes
    ----------
    inbox : Path
        The watched folder, absolute.
    outbox : Path, optional
        The folder of results, absolute; None: files are rewritten in place.
    watch : Watch
    resolve : callable
        Returns the options that apply to a file.
    config : Config, optional
        The configuration; None if there is no configuration file.
    flags : frozenset of str
        Options that were given as flags; these override the configuration.
    reload : callable
        Returns the same plan with the configuration read again; ValueError or OSError if it cannot be used.
    once : bool
        Whether to exit when there is nothing left to do.
    """

    inbox: Path
    outbox: Path | None
    watch: Watch
    resolve: Callable[[Path], Resolved]
    config: Config | None
    flags: frozenset[str]
    reload: Callable[[], Plan]
    once: bool = False

    @property
    def patience(self) -> float:
        """Seconds after which a file that is still not ready is reported."""
        settle = self.watch.settle
        return 5 * settle + 1 if self.once else max(60.0, 30 * settle)

    @property
    def results_dir(self) -> Path:
        """The folder of results, which contains the state folder."""
        return self.outbox or self.inbox

    @property
    def state_dir(self) -> Path:
        """The folder of the ledger and the lock."""
        return self.results_dir / STATE_FOLDER
