"""Publishes one file in a worker process: reads, quantizes, checks for changes, writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kquant_hooks.assets.batch import lift_pillow_limit
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import outcome_and_bytes, read_version
from kquant_hooks.disk.atomic import replace_file
from kquant_hooks.disk.folder import Folder, open_folder
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.processes.worker import exit_if_orphaned
from kquant_hooks.watch.contents import Content, content_in, digest
from kquant_hooks.watch.folder import VANISHED, sample_from
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.results import Location, open_location


@dataclass(frozen=True, slots=True)
class Previous:
    """The result of an earlier version of a file, with the same settings.

    Attributes
    ----------
    digest : str
        Of the content of the file.
    target : str
        The result, relative to the folder of results.
    result_digest : str
        Of the content of the result.
    must_exist : bool
        Whether the result must still be there, unchanged.
    """

    digest: str
    target: str
    result_digest: str
    must_exist: bool


@dataclass(frozen=True, slots=True)
class Job:
    """One file to publish.

    Attributes
    ----------
    path : Path
    sample : Sample
        The version that was ready.
    settings : Settings
    policy : Policy
    target : str, optional
        The result, relative to the folder of results; None: the file itself is rewritten.
    location : Location
        The folder of results. It is not created again if it is gone.
    replaces : str, optional
        Digest of the file that may be replaced at the target. Empty: only a result that the same job wrote
        before a crash; None: any file.
    previous : Previous, optional
        If the file still has this content, nothing is done.
    """

    path: Path
    sample: Sample
    settings: Settings
    policy: Policy
    target: str | None
    location: Location
    replaces: str | None = ""
    previous: Previous | None = None

    @property
    def result(self) -> Path | None:
        """The path of the result; None: the file itself is rewritten."""
        return None if self.target is None else self.location.path / self.target


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job.

    Attributes
    ----------
    finding : {"done", "changed", "same", "taken"}
        "changed": the file was no longer the version that was ready; "same": its content is that of
        ``Job.previous``; "taken": the target is a file that must not be replaced.
    sample : Sample, optional
        The version that is there now.
    outcome : Outcome, optional
        What happened to the file, if it is "done".
    errno : int
        The number of an error that may be temporary, such as a full disk; 0: none.
    digest : str
        Of the content of the file.
    result_digest : str
        Of the content of the result.
    """

    finding: Literal["done", "changed", "same", "taken"]
    sample: Sample | None = None
    outcome: Outcome | None = None
    errno: int = 0
    digest: str = ""
    result_digest: str = ""


def publish(job: Job) -> JobResult:
    """Write the result of a file, unless the file has changed; never raises because of a file's content."""
    lift_pillow_limit(job.policy)
    try:
        return _publish(job)
    except OSError as error:
        if error.errno in VANISHED and not _is_there(job):
            return JobResult("changed")
        return _failed(job, f"{error.strerror or error}", error.errno or -1)
    except ValueError as error:
        return _failed(job, str(error)) if _is_there(job) else JobResult("changed")


def _failed(job: Job, reason: str, errno: int = 0) -> JobResult:
    outcome = Outcome(job.path, "failed", reason, target=job.result)
    return JobResult("done", job.sample, outcome, errno)


def _publish(job: Job) -> JobResult:
    path, target = job.path, job.target
    with _opened(job) as folder:
        data, found = read_version(folder, path.name, job.policy)
        if sample_from(found) != job.sample:
            return JobResult("changed")
        content = digest(data)
        if _is_known(job, content):
            return JobResult("same", job.sample, digest=content)
        # Do not start slow work that cannot be published.
        if target is not None and job.replaces and not _is_free(_content_at(job.location, target), job):
            return JobResult("taken")
        outcome, written = outcome_and_bytes(path, job.settings, job.policy, job.result, data)
        if sample_from(folder.stat(path.name)) != job.sample:
            return JobResult("changed")
        if written is None:
            return JobResult("done", job.sample, outcome, digest=content)
        result_digest = digest(written)
        if target is None:
            replace_file(folder, path.name, written, expected=found, before_rename=exit_if_orphaned)
            now = content_in(folder, path.name)
            # Another version may have replaced it at once.
            if now is None or now.digest != result_digest:
                return JobResult("changed")
            return JobResult("done", sample_from(now.found), outcome, digest=result_digest)
    inner, name = os.path.split(target)
    with open_location(job.location) as results, results.descend(inner, create=True) as folder:
        there = content_in(folder, name)
        # If the same job wrote it before a crash, there is nothing left to write.
        if there is None or there.digest != result_digest:
            if not _is_free(there, job):
                return JobResult("taken")
            try:
                _write(folder, name, written, there)
            except FileExistsError:
                return JobResult("taken")
    return JobResult("done", job.sample, outcome, digest=content, result_digest=result_digest)


def _opened(job: Job) -> Folder:
    """The folder that contains the file."""
    if job.target is not None:
        return open_folder(job.path.parent)
    with open_location(job.location) as results:
        return results.descend(job.path.parent.relative_to(results.path))


def _is_there(job: Job) -> bool:
    """Whether that version of the file can still be reached."""
    try:
        with _opened(job) as folder:
            return sample_from(folder.stat(job.path.name)) == job.sample
    except OSError:
        return False


def _is_known(job: Job, content: str) -> bool:
    previous = job.previous
    if previous is None or previous.digest != content:
        return False
    if not previous.must_exist:
        return True
    there = _content_at(job.location, previous.target)
    return there is not None and there.digest == previous.result_digest


def _content_at(location: Location, target: str) -> Content | None:
    inner, name = os.path.split(target)
    try:
        with open_location(location) as results, results.descend(inner) as folder:
            return content_in(folder, name)
    except FileNotFoundError:
        return None


def _is_free(there: Content | None, job: Job) -> bool:
    """Whether a target does not exist, or is a file that may be replaced."""
    return there is None or (there.digest is not None and job.replaces in (None, there.digest))


def _write(folder: Folder, name: str, data: bytes, there: Content | None) -> None:
    replace_file(
        folder,
        name,
        data,
        expected=None if there is None else there.found,
        exclusive=there is None,
        before_rename=exit_if_orphaned,
    )
