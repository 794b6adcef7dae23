"""Decides what to do with a file that is ready, and records the result."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kquant_hooks.assets.collect import extension_for
from kquant_hooks.config.resolving import Resolved
from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.report.lines import outcome_line
from kquant_hooks.report.records import outcome_fields
from kquant_hooks.watch.entry import Entry
from kquant_hooks.watch.fingerprint import fingerprint, fingerprint_of, is_first_fingerprint
from kquant_hooks.watch.folder import identity
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.originals import remove_original
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.pruning import is_known_folder, release_gone
from kquant_hooks.watch.publish import Job, JobResult, Previous
from kquant_hooks.watch.reasons import remove_reason, write_reason
from kquant_hooks.watch.results import ResultsFolder
from kquant_hooks.watch.targets import replaceable, target_for

# Errors that do not go away with time.
_PERMANENT_ERRORS = {errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}


class Dispatcher:
    """Assigns jobs for files, and records their results in the ledger.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    results : ResultsFolder
    log : Log
    """

    def __init__(self, plan: Plan, ledger: Ledger, results: ResultsFolder, log: Log) -> None:
        self._plan, self._ledger, self._results, self._log = plan, ledger, results, log
        self.failures = 0
        # Originals that could not be removed, by source.
        self._unremovable: dict[str, Sample] = {}
        # Entries of earlier versions of kquant that still apply, in the form of this version.
        self._renewed: list[Entry] = []
        # Whether anything was recorded since the ledger was last pruned.
        self._is_stale = True
        # The watched folder when a file was last taken from it.
        self._inbox_identity: Identity | None = None

    def is_done(self, source: str, sample: Sample) -> bool:
        """Whether this version of a file has been processed with the settings that apply to it."""
        entry = self._ledger.find(source)
        if entry is None or not self._is_settled(entry, sample):
            return False
        if entry.state == "waiting":
            return self._results.is_unmounted(entry.target) or self._target_of(source, entry.target) is None
        # An original that should be removed is read again before that.
        may_stay = not self._removes_originals or self._unremovable.get(source) == sample
        return entry.state != "done" or may_stay

    def _is_settled(self, entry: Entry, sample: Sample) -> bool:
        """Whether an entry is about this version of the file, and about the settings that apply to it."""
        if entry.state == "claimed" or not entry.is_about(sample):
            return False
        limits = entry.state == "failed"
        try:
            resolved = self._resolved(entry.source)
        except ValueError:
            # A mistake in a configuration; assigning the file reports it.
            return entry.state == "failed"
        current = fingerprint_of(resolved, limits=limits)
        if entry.fingerprint != current and not is_first_fingerprint(
            entry.fingerprint, resolved.settings, resolved.policy, skip=resolved.skip
        ):
            return False
        if (entry.sample, entry.fingerprint) != (sample, current):
            self._renewed.append(replace(entry, sample=sample, fingerprint=current))
        return True

    def assign(self, source: str, sample: Sample) -> Job | None:
        """A job for a worker, recorded in the ledger before it starts; None if there is nothing to do.

        Raises
        ------
        OSError
            If an error may be temporary, such as a share that does not respond.
        """
        self._inbox_identity = identity(self._plan.inbox)
        self._is_stale = True
        before = self._ledger.find(source)
        # The file keeps its claim to the result of an earlier version.
        entry = Entry(source, sample, "", before.target if before else "", "failed")
        try:
            resolved = self._resolved(source)
            entry = replace(entry, fingerprint=fingerprint_of(resolved, limits=True))
            return self._assign(replace(entry, fingerprint=fingerprint_of(resolved)), resolved, before)
        except (ValueError, OSError) as error:
            # A mistake in the configuration, or a name that is too long.
            if isinstance(error, OSError) and error.errno not in _PERMANENT_ERRORS:
                raise
            reason = str(error) if isinstance(error, ValueError) else f"{error.strerror or error}"
            self._fail(replace(entry, reason=reason))
            return None

    def _assign(self, entry: Entry, resolved: Resolved, before: Entry | None) -> Job | None:
        if resolved.skip:
            self._skip(entry, resolved.skip_reason)
            return None
        plan = self._plan
        path = plan.inbox / entry.source
        job = Job(
            path=path,
            sample=entry.sample,
            settings=resolved.settings,
            policy=resolved.policy,
            target=None,
            location=self._results.location,
            previous=None if before is None else self._previous(before, entry),
        )
        if plan.outbox is None:
            self._ledger.record(replace(entry, state="claimed"))
            return job
        wanted = os.path.splitext(entry.source)[0] + extension_for(path, resolved.policy.format)
        # A result keeps its name, even if the wanted name has become free.
        if os.path.splitext(entry.target)[1] == os.path.splitext(wanted)[1] and self._owns(entry):
            wanted = entry.target
        collision = plan.watch.collision
        target = self._target_of(entry.source, wanted)
        if target is None:
            self._wait(replace(entry, target=wanted))
            return None
        self._results.check(target)
        entry = replace(entry, target=target, state="claimed")
        replaces = replaceable(entry.source, collision, self._ledger.result(target))
        self._ledger.claim(entry, vacant=self._results.stat_or_none(target) is None)
        return replace(job, target=target, replaces=replaces)

    def _target_of(self, source: str, wanted: str) -> str | None:
        """The path of a file's result; None if the file has to wait, as the path is taken."""
        collision = self._plan.watch.collision
        return target_for(wanted, source, collision, self._results.stat_or_none, self._ledger.result)

    def _previous(self, before: Entry, entry: Entry) -> Previous | None:
        """What was done already if the file's content is the same; limits do not change results."""
        if before.state != "done" or not before.digest or before.fingerprint != entry.fingerprint:
            return None
        # If a user has taken the result away, a new mode of the file is no reason to write it again.
        is_new = self._removes_originals or not before.sample.resembles(entry.sample)
        must_exist = is_new and self._plan.outbox is not None
        return Previous(before.digest, before.target, before.result_digest, must_exist)

    def _owns(self, entry: Entry) -> bool:
        result = self._ledger.result(entry.target)
        return result is not None and result.source == entry.source

    def record(self, source: str, job: Job, result: JobResult) -> Literal["done", "again"]:
        """Record the result of a job.

        Returns
        -------
        {"done", "again"}
            "again": the file or its target has changed in the meantime.

        Raises
        ------
        ResultsGoneError
            If the place of the result is unknown. Nothing is recorded, so the file is processed again.
        OSError
            If the job failed with an error that may be temporary.
        """
        target = job.target or ""
        self._results.check(target or source)
        if result.finding == "taken":
            self._ledger.disown(target)
            text = f"{target} was not made from {source}, or has been changed since; it is kept"
            self._log.write("kept", text, level="warning", source=source, target=target)
        if result.finding in ("changed", "taken") or result.sample is None:
            return "again"
        entry = Entry(
            source=source,
            sample=result.sample,
            # That of the job: the settings may have changed in the meantime.
            fingerprint=fingerprint(job.settings, job.policy),
            target=target,
            state="done",
            digest=result.digest,
            result_digest=result.result_digest,
        )
        if job.previous is not None and result.finding == "same":
            self._record_unchanged(entry, job.previous)
            return "done"
        outcome = result.outcome
        assert outcome is not None
        if result.errno and result.errno not in _PERMANENT_ERRORS:
            self._ledger.record(replace(entry, state="claimed", reason=outcome.reason))
            raise OSError(result.errno, outcome.reason)
        if outcome.status == "failed":
            with_limits = fingerprint(job.settings, job.policy, limits=True)
            self._fail(replace(entry, fingerprint=with_limits, state="failed", reason=outcome.reason))
        elif outcome.status == "skipped":
            self._skip(entry, outcome.reason)
        else:
            # An original that is about to be removed owns no result: the next file of its name is a new one.
            self._ledger.publish(entry, own=not self._removes_originals)
            shown = replace(outcome, path=Path(source), target=Path(target) if target else None)
            self._log.write("published", outcome_line(shown), **outcome_fields(shown))
            if self._plan.outbox is not None:
                remove_reason(self._results.folder, source)
            self._remove_original(entry)
        return "done"

    def _record_unchanged(self, entry: Entry, previous: Previous) -> None:
        target = "" if self._plan.outbox is None else previous.target
        entry = replace(entry, target=target, result_digest=previous.result_digest)
        self._ledger.record(entry)
        text = f"{entry.source}  unchanged: same content as when {target or 'it'} was made"
        self._log.write("unchanged", text, source=entry.source, target=target)
        if self._removes_originals:
            self._remove_original(entry)
        else:
            self._ledger.restore_owner(entry)

    def record_gone(self, root: Folder, source: str) -> None:
        """Record that a file is no longer in the watched folder."""
        entry = self._ledger.find(source)
        if entry is not None:
            self._release_gone(root, [entry])

    def waiting(self) -> Iterator[str]:
        """Files that wait because their targets are taken."""
        return (entry.source for entry in self._ledger.entries("waiting"))

    def prune(self, root: Folder) -> None:
        """Remove entries of files that are gone and have left no result.

        Nothing needs to be removed if nothing was recorded since the last call.
        """
        self._ledger.renew(self._renewed)
        self._renewed.clear()
        if not self._is_stale:
            return
        self._is_stale = False
        self._release_gone(root, self._ledger.entries())
        self._ledger.drop([target for target in self._ledger.unowned() if self._results.is_missing(target)])

    def _release_gone(self, root: Folder, entries: Iterable[Entry]) -> None:
        if is_known_folder(self._ledger, root.identity, self._inbox_identity):
            release_gone(self._plan, self._ledger, self._results, root, entries)

    def _resolved(self, source: str) -> Resolved:
        return self._plan.resolve(self._plan.inbox / source)

    def _skip(self, entry: Entry, reason: str) -> None:
        self._ledger.record(replace(entry, state="skipped", reason=reason))
        self._log.write("skipped", f"{entry.source}  skipped: {reason}", source=entry.source, reason=reason)

    def _wait(self, entry: Entry) -> None:
        reason = f"{entry.target} already exists and was not made from it"
        self._ledger.record(replace(entry, state="waiting", reason=reason))
        self._log.write("waiting", f"{entry.source}  waiting: {reason}", source=entry.source, reason=reason)

    def _fail(self, entry: Entry) -> None:
        self.failures += 1
        self._ledger.record(entry)
        text = f"{entry.source}: {entry.reason}"
        self._log.write("failed", text, level="error", source=entry.source, reason=entry.reason)
        if self._plan.outbox is None:
            # Next to the images, the reason file would be in the way.
            return
        if problem := write_reason(self._results.folder, entry.source, text):
            self._log.write("warning", problem, level="warning", source=entry.source)

    @property
    def _removes_originals(self) -> bool:
        return self._plan.watch.originals != "keep" and self._plan.outbox is not None

    def _remove_original(self, entry: Entry) -> None:
        """Archive or delete an original that has a result, unless it has changed."""
        if not self._removes_originals:
            return
        inbox, source = self._plan.inbox, entry.source
        try:
            if remove_original(inbox, source, entry.sample, archive=self._plan.watch.originals == "archive"):
                return
        except OSError as error:
            self._unremovable[source] = entry.sample
            text = f"{source} cannot be moved away: {error.strerror or error}"
            self._log.write("warning", text, level="warning", source=source)
        self._ledger.restore_owner(entry)
