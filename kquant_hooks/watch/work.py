"""What a worker process does with one file: read, quantize, look again, publish."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kquant_hooks.assets.many import lift_limit
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import outcome_and_bytes, read_version
from kquant_hooks.disk.atomic import replace_file
from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.processes.worker import exit_if_orphaned
from kquant_hooks.watch.contents import Content, content_in, digest
from kquant_hooks.watch.folder import VANISHED, sample
from kquant_hooks.watch.home import Place, open_place
from kquant_hooks.watch.intake import Sample


@dataclass(frozen=True, slots=True)
class Known:
    """What was done with an earlier version of a file, with the same settings.

    Attributes
    ----------
    digest : str
        Of what the file held.
    target : str
        Its result, below the folder of results.
    made : str
        Of what the result held.
    must_be_there : bool
        Whether the result has to be there as it was.
    """

    digest: str
    target: str
    made: str
    must_be_there: bool


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
    target : str, optional
        Below the folder of results; None: the file itself is rewritten.
    place : Place
        The folder of results, which is not made anew if it is gone.
    replaces : str, optional
        Digest of what may be at the target and is replaced; empty: there is nothing, or what was made of the
        same before a crash; None: whatever it is.
    known : Known, optional
        If the file still holds the same, nothing is to be done.
    """

    path: Path
    sample: Sample
    settings: Settings
    policy: Policy
    target: str | None
    place: Place
    replaces: str | None = ""
    known: Known | None = None

    @property
    def result(self) -> Path | None:
        """The path of the result; None: the file itself is rewritten."""
        return None if self.target is None else self.place.path / self.target


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an errand.

    Attributes
    ----------
    finding : {"done", "changed", "same", "taken"}
        "changed": the file was not that version any more; "same": it holds what is known already; "taken":
        at the target is something that may not be replaced.
    sample : Sample, optional
        The version that is there now.
    outcome : Outcome, optional
        What became of the file, if it is "done".
    trouble : int
        The error number of what may pass, such as a full disk; 0: none.
    digest : str
        Of what the file holds now.
    made : str
        Of what the result holds.
    """

    finding: Literal["done", "changed", "same", "taken"]
    sample: Sample | None = None
    outcome: Outcome | None = None
    trouble: int = 0
    digest: str = ""
    made: str = ""


def publish(errand: Errand) -> Report:
    """Write the result of a file, unless the file changed; never raises for what a file holds."""
    lift_limit(errand.policy)
    try:
        return _publish(errand)
    except OSError as error:
        if error.errno in VANISHED and not _is_there(errand):
            return Report("changed")
        return _failed(errand, f"{error.strerror or error}", error.errno or -1)
    except ValueError as error:
        return _failed(errand, str(error)) if _is_there(errand) else Report("changed")


def _failed(errand: Errand, reason: str, trouble: int = 0) -> Report:
    return Report(
        "done", errand.sample, Outcome(errand.path, "failed", reason, target=errand.result), trouble
    )


def _publish(errand: Errand) -> Report:
    path, target = errand.path, errand.target
    with _opened(errand) as folder:
        data, found = read_version(folder, path.name, errand.policy)
        if sample(found) != errand.sample:
            return Report("changed")
        held = digest(data)
        if _is_known(errand, held):
            return Report("same", errand.sample, digest=held)
        # What takes long is not begun in vain.
        if target is not None and errand.replaces and not _is_free(_content(errand.place, target), errand):
            return Report("taken")
        outcome, written = outcome_and_bytes(path, errand.settings, errand.policy, errand.result, data)
        if sample(folder.stat(path.name)) != errand.sample:
            return Report("changed")
        if written is None:
            return Report("done", errand.sample, outcome, digest=held)
        made = digest(written)
        if target is None:
            replace_file(folder, path.name, written, expected=found, ready=exit_if_orphaned)
            now = content_in(folder, path.name)
            # Another version may have come right after it.
            if now is None or now.digest != made:
                return Report("changed")
            return Report("done", sample(now.found), outcome, digest=made)
    inner, name = os.path.split(target)
    with open_place(errand.place) as home, home.descend(inner, create=True) as folder:
        there = content_in(folder, name)
        # What was written before a crash is the same.
        if there is None or there.digest != made:
            if not _is_free(there, errand):
                return Report("taken")
            try:
                _write(folder, name, written, there)
            except FileExistsError:
                return Report("taken")
    return Report("done", errand.sample, outcome, digest=held, made=made)


def _opened(errand: Errand) -> Folder:
    """The folder that the file lies in."""
    if errand.target is not None:
        return open_folder(errand.path.parent)
    with open_place(errand.place) as home:
        return home.descend(errand.path.parent.relative_to(home.path))


def _is_there(errand: Errand) -> bool:
    """Whether that version of the file can still be reached."""
    try:
        with _opened(errand) as folder:
            return sample(folder.stat(errand.path.name)) == errand.sample
    except OSError:
        return False


def _is_known(errand: Errand, held: str) -> bool:
    known = errand.known
    if known is None or known.digest != held:
        return False
    if not known.must_be_there:
        return True
    there = _content(errand.place, known.target)
    return there is not None and there.digest == known.made


def _content(place: Place, target: str) -> Content | None:
    inner, name = os.path.split(target)
    try:
        with open_place(place) as home, home.descend(inner) as folder:
            return content_in(folder, name)
    except FileNotFoundError:
        return None


def _is_free(there: Content | None, errand: Errand) -> bool:
    """Whether nothing is at a target, or a file that may be replaced."""
    return there is None or (there.digest is not None and errand.replaces in (None, there.digest))


def _write(folder: Folder, name: str, data: bytes, there: Content | None) -> None:
    expected = None if there is None else there.found
    ready = exit_if_orphaned
    replace_file(folder, name, data, expected=expected, exclusive=there is None, ready=ready)
