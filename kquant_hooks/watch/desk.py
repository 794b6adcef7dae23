"""What is to be done with a file that is ready, and what is put down once it is done."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kquant_hooks.assets.collect import ending_for
from kquant_hooks.config.applying import Applied
from kquant_hooks.disk.atomic import replace_bytes
from kquant_hooks.report.lines import outcome_line
from kquant_hooks.report.records import outcome_fields
from kquant_hooks.watch.folder import REASON_ENDING, sample_of
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Entry, Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.targets import numbered, target_for
from kquant_hooks.watch.work import Errand, Report

# In the watched folder: where originals are put away.
_ARCHIVE = ".originals"
# What does not pass by waiting.
_LASTING = {errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}


class Desk:
    """The ledger, and the files that it speaks of.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    log : Log
    """

    def __init__(self, plan: Plan, ledger: Ledger, log: Log) -> None:
        self._plan = plan
        self._ledger = ledger
        self._log = log
        self.failures = 0

    def is_done(self, source: str, sample: Sample) -> bool:
        """Whether this version of a file was dealt with, with the settings that hold for it."""
        entry = self._ledger.find(source)
        try:
            if entry is None or not entry.is_of(sample, _fingerprint(self._applied(source))):
                return False
        except ValueError:
            # A mistake in a configuration: whoever takes the file up says so.
            return False
        if entry.state == "done" and self._puts_away:
            # Of which a crash may have kept us. But an original is all that there is without its result.
            if not os.path.lexists(self._plan.home / entry.target):
                return False
            self._put_away(source, sample)
        return True

    def errand(self, source: str, sample: Sample) -> Errand | None:
        """What a worker is to do with a file, put down beforehand; None: nothing."""
        known = self._ledger.find(source)
        # What was made of an earlier version stays its own.
        entry = Entry(source, sample, "", known.target if known else "", "skipped")
        try:
            return self._errand(entry)
        except (ValueError, OSError) as error:
            # Of the configuration; or of a name that is too long, or a folder that may not be read.
            reason = str(error) if isinstance(error, ValueError) else f"{error.strerror or error}"
            self._fail(replace(entry, state="failed", reason=reason))
            return None

    def _errand(self, entry: Entry) -> Errand | None:
        source, sample = entry.source, entry.sample
        applied = self._applied(source)
        entry = replace(entry, fingerprint=_fingerprint(applied))
        if applied.skip:
            self._skip(entry, applied.skip_reason)
            return None
        plan = self._plan
        path = plan.inbox / source
        if plan.outbox is None:
            self._ledger.record(replace(entry, state="claimed"))
            return Errand(path, sample, applied.settings, applied.policy, None, plan.home, entry.fingerprint)
        stem, _ = os.path.splitext(source)
        wanted = stem + ending_for(path, applied.policy.format)
        # A result keeps its name, even if another file's name has become free.
        if entry.target and os.path.splitext(entry.target)[1] == os.path.splitext(wanted)[1]:
            wanted = entry.target
        target = target_for(wanted, source, plan.watch.collision, plan.outbox, self._ledger.owner)
        if target is None:
            self._skip(entry, f"{wanted} is there already, and not made of it")
            return None
        self._ledger.record(replace(entry, target=target, state="claimed"))
        result = plan.outbox / target
        return Errand(path, sample, applied.settings, applied.policy, result, plan.home, entry.fingerprint)

    def finish(self, source: str, errand: Errand, report: Report) -> Literal["done", "again", "later"]:
        """Put down what came of an errand.

        Returns
        -------
        {"done", "again", "later"}
            "again": the file changed meanwhile; "later": what failed may pass.
        """
        outcome = report.outcome
        if outcome is None or report.sample is None:
            return "again"
        target = "" if errand.target is None else os.path.relpath(errand.target, self._plan.home)
        entry = Entry(source, report.sample, errand.fingerprint, target, "done")
        if report.trouble == errno.ENOENT and not os.path.lexists(errand.path):
            return "again"
        if report.trouble and report.trouble not in _LASTING:
            self._ledger.record(replace(entry, state="claimed", reason=outcome.reason))
            return "later"
        if outcome.status == "failed":
            self._fail(replace(entry, state="failed", reason=outcome.reason))
        elif outcome.status == "skipped":
            self._skip(entry, outcome.reason)
        else:
            self._ledger.record(entry)
            shown = replace(outcome, path=Path(source), target=Path(target) if target else None)
            self._log.say("published", outcome_line(shown), **outcome_fields(shown))
            self._forget_reason(source)
            self._put_away(source, report.sample)
        return "done"

    def prune(self) -> None:
        """Forget files that are gone and have left nothing that must be known as theirs."""
        for entry in list(self._ledger.entries()):
            if os.path.lexists(self._plan.inbox / entry.source):
                continue
            self._forget_reason(entry.source)
            if not entry.target or not os.path.lexists(self._plan.home / entry.target):
                self._ledger.forget(entry.source)

    def _applied(self, source: str) -> Applied:
        return self._plan.applied_to(self._plan.inbox / source)

    def _skip(self, entry: Entry, reason: str) -> None:
        self._ledger.record(replace(entry, state="skipped", reason=reason))
        self._log.say("skipped", f"{entry.source}  skipped: {reason}", source=entry.source, reason=reason)

    def _fail(self, entry: Entry) -> None:
        self.failures += 1
        self._ledger.record(entry)
        text = f"{entry.source}: {entry.reason}"
        self._log.say("failed", text, level="error", source=entry.source, reason=entry.reason)
        if self._plan.outbox is None or not self._plan.outbox.is_dir():
            # Beside the files themselves it would be in the way.
            return
        path = self._reason_file(entry.source)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, f"{text}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._log.say("warning", f"{path} cannot be written: {error.strerror}", level="warning")

    def _forget_reason(self, source: str) -> None:
        # A name may be too long for there to be one.
        with suppress(OSError):
            self._reason_file(source).unlink(missing_ok=True)

    def _reason_file(self, source: str) -> Path:
        return self._plan.home / f"{source}{REASON_ENDING}"

    @property
    def _puts_away(self) -> bool:
        return self._plan.watch.originals != "keep" and self._plan.outbox is not None

    def _put_away(self, source: str, sample: Sample) -> None:
        """Archive or delete an original, unless it has changed."""
        path = self._plan.inbox / source
        try:
            if not self._puts_away or sample_of(str(path)) != sample:
                return
            archive = self._plan.inbox / _ARCHIVE
            place = next(archive / name for name in numbered(source) if not os.path.lexists(archive / name))
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
            if sample_of(str(place)) != sample:
                # A new version came between the two looks: back with it, unless there is a newer one.
                with suppress(FileExistsError):
                    path.hardlink_to(place)
                    place.unlink()
            elif self._plan.watch.originals == "delete":
                place.unlink()
        except OSError as error:
            text = f"{source} cannot be put away: {error.strerror or error}"
            self._log.say("warning", text, level="warning", source=source)


def _fingerprint(applied: Applied) -> str:
    """A word for the settings that a result depends on."""
    return hashlib.sha256(f"{applied.settings!r} {applied.policy!r} {applied.skip}".encode()).hexdigest()[:16]
