"""What a worker process does with one file: read, quantize, look again, publish."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kquant_hooks.assets.many import lift_limit
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.policy import Policy
from kquant_hooks.assets.process import quantize_file, read_version
from kquant_hooks.assets.worker import leave_if_orphaned
from kquant_hooks.disk.atomic import replace_file
from kquant_hooks.disk.folder import open_folder
from kquant_hooks.quantizer.settings import Settings
from kquant_hooks.watch.folder import sample
from kquant_hooks.watch.intake import Sample


@dataclass(frozen=True, slots=True)
class Errand:
    """One file to publish.

    Attributes
    ----------
    path : Path
    sample : Sample
        The version that was ready.
    settings : Settings
    policy : Policy
    target : Path, optional
        None: the file itself is rewritten.
    home : Path
        The folder of results, which is not made anew if it is gone.
    fingerprint : str
        Of the settings, for the ledger: the daemon may go by others by the time that it is done.
    """

    path: Path
    sample: Sample
    settings: Settings
    policy: Policy
    target: Path | None
    home: Path
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an errand.

    Attributes
    ----------
    outcome : Outcome, optional
        What became of the file; None where it was not that version any more.
    sample : Sample, optional
        The version that is there now.
    trouble : int
        The error number of what may pass, such as a full disk; 0: none.
    """

    outcome: Outcome | None
    sample: Sample | None
    trouble: int = 0


def publish(errand: Errand) -> Report:
    """Write the result of a file, unless the file changed; never raises for what a file holds."""
    path, target = errand.path, errand.target
    lift_limit(errand.policy)
    try:
        with open_folder(path.parent) as folder:
            data, found = read_version(folder, path.name, errand.policy)
            if sample(found) != errand.sample:
                return Report(None, None)
            outcome, written = quantize_file(path, errand.settings, errand.policy, target, data)
            if sample(folder.stat(path.name)) != errand.sample:
                return Report(None, None)
            if written is None:
                return Report(outcome, errand.sample)
            if target is None:
                replace_file(folder, path.name, written, expected=found, ready=leave_if_orphaned)
                return Report(outcome, sample(folder.stat(path.name)))
        inner = target.parent.relative_to(errand.home)
        with open_folder(errand.home) as home, home.descend(inner, create=True) as folder:
            replace_file(folder, target.name, written, ready=leave_if_orphaned)
        return Report(outcome, errand.sample)
    except OSError as error:
        reason = f"{error.strerror or error}"
        return Report(Outcome(path, "failed", reason, target), errand.sample, error.errno or -1)
    except ValueError as error:
        return Report(Outcome(path, "failed", str(error), target), errand.sample)
