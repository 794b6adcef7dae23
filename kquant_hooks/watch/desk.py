"""What is to be done with a file that is ready, and what is put down once it is done."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kquant_hooks.assets.collect import extension_for
from kquant_hooks.config.applying import Applied
from kquant_hooks.disk.folder import Folder, Identity
from kquant_hooks.report.lines import one_line, outcome_line
from kquant_hooks.report.records import outcome_fields
from kquant_hooks.watch.entry import UNKNOWN_DIGEST, Entry
from kquant_hooks.watch.fingerprint import fingerprint, is_first_fingerprint
from kquant_hooks.watch.folder import identity
from kquant_hooks.watch.home import Home
from kquant_hooks.watch.intake import Sample
from kquant_hooks.watch.ledger import Ledger
from kquant_hooks.watch.log import Log
from kquant_hooks.watch.originals import put_away
from kquant_hooks.watch.plan import Plan
from kquant_hooks.watch.pruning import is_known_folder, part_with
from kquant_hooks.watch.reasons import remove_reason, write_reason
from kquant_hooks.watch.targets import target_for
from kquant_hooks.watch.work import Errand, Known, Report

# What does not pass by waiting.
_LASTING = {errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP}


class Desk:
    """The ledger, and the files that it speaks of.

    Parameters
    ----------
    plan : Plan
    ledger : Ledger
    home : Home
    log : Log
    """

    def __init__(self, plan: Plan, ledger: Ledger, home: Home, log: Log) -> None:
        self._plan, self._ledger, self._home, self._log = plan, ledger, home, log
        self.failures = 0
        # What could not be put away, as it was then.
        self._stuck: dict[str, Sample] = {}
        # Entries of earlier versions of kquant that are still right.
        self._renewed: list[Entry] = []
        # Whether something was put down since the ledger was pruned.
        self._is_stale = True
        # The watched folder, when there was something in it.
        self._folder: Identity | None = None

    def is_done(self, source: str, sample: Sample) -> bool:
        """Whether nothing is to be done with this version of a file, with the settings that hold for it."""
        entry = self._ledger.find(source)
        if entry is None or not self._is_settled(entry, sample):
            return False
        if entry.state == "waiting":
            return not self._home.is_missing(entry.target)
        # An original that is to be put away is read once more before it is.
        return entry.state != "done" or not self._puts_away or self._stuck.get(source) == sample

    def _is_settled(self, entry: Entry, sample: Sample) -> bool:
        """Whether an entry is about this version of the file and these settings."""
        if entry.state == "claimed" or not entry.is_about(sample):
            return False
        limits = entry.state == "failed"
        try:
            applied = self._applied(entry.source)
        except ValueError:
            # A mistake in a configuration, which whoever takes the file up says once.
            return entry.state == "failed"
        word = _word(applied, limits=limits)
        if entry.fingerprint != word and not is_first_fingerprint(
            entry.fingerprint, applied.settings, applied.policy, skip=applied.skip
        ):
            return False
        if (entry.sample, entry.fingerprint) != (sample, word):
            self._renewed.append(replace(entry, sample=sample, fingerprint=word))
        return True

    def errand(self, source: str, sample: Sample) -> Errand | None:
        """What a worker is to do with a file, put down beforehand; None: nothing.

        Raises
        ------
        OSError
            What may pass, as a share that does not answer.
        """
        self._folder = identity(self._plan.inbox)
        self._is_stale = True
        known = self._ledger.find(source)
        # What was made of an earlier version stays its own.
        entry = Entry(source, sample, "", known.target if known else "", "failed")
        try:
            applied = self._applied(source)
            entry = replace(entry, fingerprint=_word(applied, limits=True))
            return self._errand(replace(entry, fingerprint=_word(applied)), applied, known)
        except (ValueError, OSError) as error:
            # Of the configuration; or of a name that is too long.
            if isinstance(error, OSError) and error.errno not in _LASTING:
                raise
            reason = str(error) if isinstance(error, ValueError) else f"{error.strerror or error}"
            self._fail(replace(entry, reason=reason))
            return None

    def _errand(self, entry: Entry, applied: Applied, before: Entry | None) -> Errand | None:
        if applied.skip:
            self._skip(entry, applied.skip_reason)
            return None
        plan = self._plan
        path = plan.inbox / entry.source
        known = None if before is None else self._known(before, entry)
        place = self._home.place
        errand = Errand(path, entry.sample, applied.settings, applied.policy, None, place, known=known)
        if plan.outbox is None:
            self._ledger.record(replace(entry, state="claimed"))
            return errand
        stem, _ = os.path.splitext(entry.source)
        wanted = stem + extension_for(path, applied.policy.format)
        # A result keeps its name, even if another file's name has become free.
        if os.path.splitext(entry.target)[1] == os.path.splitext(wanted)[1] and self._owns(entry):
            wanted = entry.target
        collision = plan.watch.collision
        target = target_for(wanted, entry.source, collision, self._home.found, self._ledger.result)
        if target is None:
            self._wait(replace(entry, target=wanted))
            return None
        self._home.check(target)
        entry = replace(entry, target=target, state="claimed")
        replaces = self._replaceable(entry)
        self._ledger.claim(entry, vacant=self._home.found(target) is None)
        return replace(errand, target=target, replaces=replaces)

    def _known(self, before: Entry, entry: Entry) -> Known | None:
        """What need not be done again if a file holds the same; the results do not depend on limits."""
        if before.state != "done" or not before.digest or before.fingerprint != entry.fingerprint:
            return None
        # Who takes results away does not want them once more because a file has another mode.
        matters = self._puts_away or not before.sample.resembles(entry.sample)
        must_be_there = matters and self._plan.outbox is not None
        return Known(before.digest, before.target, before.made, must_be_there)

    def _owns(self, entry: Entry) -> bool:
        result = self._ledger.result(entry.target)
        return result is not None and result.source == entry.source

    def _replaceable(self, entry: Entry) -> str | None:
        """Digest of what may be replaced at a target; see ``Errand``."""
        overwrites = self._plan.watch.collision == "overwrite"
        result = self._ledger.result(entry.target)
        if result is not None and result.digest == UNKNOWN_DIGEST:
            # Somebody may have changed it.
            return ""
        digest = result.digest if result is not None and (overwrites or result.source == entry.source) else ""
        return digest or (None if overwrites else "")

    def finish(self, source: str, errand: Errand, report: Report) -> Literal["done", "again"]:
        """Put down what came of an errand.

        Returns
        -------
        {"done", "again"}
            "again": the file changed meanwhile, or its target.

        Raises
        ------
        HomeGoneError
            If the result may be anywhere: nothing is put down, and the file is taken up again.
        OSError
            What failed may pass.
        """
        target = errand.target or ""
        self._home.check(target or source)
        if report.finding == "taken":
            self._ledger.keep(target)
            text = f"{target} is not what was made of {source}; it is kept"
            self._log.say("kept", text, level="warning", source=source, target=target)
        if report.finding in ("changed", "taken") or report.sample is None:
            return "again"
        # The daemon may go by other settings by now.
        word = fingerprint(errand.settings, errand.policy)
        entry = Entry(source, report.sample, word, target, "done", "", report.digest, report.made)
        if errand.known is not None and report.finding == "same":
            self._recognize(entry, errand.known)
            return "done"
        outcome = report.outcome
        assert outcome is not None
        if report.trouble and report.trouble not in _LASTING:
            self._ledger.record(replace(entry, state="claimed", reason=outcome.reason))
            raise OSError(report.trouble, outcome.reason)
        if outcome.status == "failed":
            word = fingerprint(errand.settings, errand.policy, limits=True)
            self._fail(replace(entry, fingerprint=word, state="failed", reason=outcome.reason))
        elif outcome.status == "skipped":
            self._skip(entry, outcome.reason)
        else:
            # What is to be put away is no owner any more: whatever gets its name is another file.
            self._ledger.publish(entry, own=not self._puts_away)
            shown = replace(outcome, path=Path(source), target=Path(target) if target else None)
            self._log.say("published", outcome_line(shown), **outcome_fields(shown))
            if self._plan.outbox is not None:
                remove_reason(self._home.folder, source)
            self._put_away(entry)
        return "done"

    def _recognize(self, entry: Entry, known: Known) -> None:
        target = "" if self._plan.outbox is None else known.target
        entry = replace(entry, target=target, made=known.made)
        self._ledger.record(entry)
        text = f"{entry.source}  unchanged: it holds what {target or 'it'} was made of"
        self._log.say("unchanged", text, source=entry.source, target=target)
        if self._puts_away:
            self._put_away(entry)
        else:
            self._ledger.own(entry)

    def gone(self, root: Folder, source: str) -> None:
        """A file is not there any more in the watched folder."""
        entry = self._ledger.find(source)
        if entry is not None:
            self._part_with(root, [entry])

    def waiting(self) -> Iterator[str]:
        """Files whose targets were taken."""
        return (entry.source for entry in self._ledger.entries("waiting"))

    def prune(self, root: Folder) -> None:
        """Forget files that are gone from the watched folder and have left nothing that must be known of.

        Where nothing was done since the last time there is nothing to forget.
        """
        self._ledger.renew(self._renewed)
        self._renewed.clear()
        if not self._is_stale:
            return
        self._is_stale = False
        self._part_with(root, self._ledger.entries())
        self._ledger.drop([target for target in self._ledger.nobodys() if self._home.is_missing(target)])

    def _part_with(self, root: Folder, entries: Iterable[Entry]) -> None:
        if is_known_folder(self._ledger, root.identity, self._folder):
            part_with(self._plan, self._ledger, self._home, root, entries)

    def _applied(self, source: str) -> Applied:
        return self._plan.applied_to(self._plan.inbox / source)

    def _skip(self, entry: Entry, reason: str) -> None:
        self._ledger.record(replace(entry, state="skipped", reason=reason))
        self._log.say("skipped", f"{entry.source}  skipped: {reason}", source=entry.source, reason=reason)

    def _wait(self, entry: Entry) -> None:
        reason = f"{entry.target} is there already, and not made of it"
        self._ledger.record(replace(entry, state="waiting", reason=reason))
        self._log.say("waiting", f"{entry.source}  waits: {reason}", source=entry.source, reason=reason)

    def _fail(self, entry: Entry) -> None:
        self.failures += 1
        self._ledger.record(entry)
        text = f"{entry.source}: {entry.reason}"
        self._log.say("failed", text, level="error", source=entry.source, reason=entry.reason)
        if self._plan.outbox is None:
            # Beside the files themselves it would be in the way.
            return
        try:
            # A name may hold what speaks to a terminal.
            write_reason(self._home.folder, entry.source, one_line(text))
        except OSError as error:
            text = (
                f"why {entry.source} failed cannot be written beside the results: {error.strerror or error}"
            )
            self._log.say("warning", text, level="warning", source=entry.source)

    @property
    def _puts_away(self) -> bool:
        return self._plan.watch.originals != "keep" and self._plan.outbox is not None

    def _put_away(self, entry: Entry) -> None:
        """Archive or delete an original that is known to have a result, unless it has changed."""
        if not self._puts_away:
            return
        inbox, source = self._plan.inbox, entry.source
        try:
            if put_away(inbox, source, entry.sample, archive=self._plan.watch.originals == "archive"):
                return
        except OSError as error:
            self._stuck[source] = entry.sample
            text = f"{source} cannot be put away: {error.strerror or error}"
            self._log.say("warning", text, level="warning", source=source)
        self._ledger.own(entry)


def _word(applied: Applied, *, limits: bool = False) -> str:
    return fingerprint(applied.settings, applied.policy, skip=applied.skip, limits=limits)
