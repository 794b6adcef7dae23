"""Quantizes one file on disk; the result is written completely or not at all.

Pillow and NumPy are loaded only if the file's first bytes do not decide.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.judge import Skip, Unchanged, judge
from kquant_hooks.assets.outcome import Outcome, unwritten
from kquant_hooks.disk.atomic import check_replaceable, replace_file
from kquant_hooks.disk.folder import FILE_FLAGS, Folder, open_folder, resolved
from kquant_hooks.disk.reading import NotRegularError, open_regular
from kquant_hooks.formats.table import format_for_extension, format_for_option, written_extensions
from kquant_hooks.options.limits import most_of_one
from kquant_hooks.options.policy import POLICY_OPTIONS, SAME, Policy
from kquant_hooks.options.settings import Settings

# No format needs more bytes for a picture that is small enough.
_BYTES_PER_PIXEL = 16
_LEAST_LIMIT = 1 << 24
_NO_FILE = ("it is not a regular file", "it is a folder")
# Enough of a file to see its format, most palettes, and its end.
_HEAD, _END = 1 << 14, 16


def process(
    path: Path,
    settings: Settings,
    policy: Policy,
    *,
    target: Path | None = None,
    dry_run: bool = False,
    force: bool = False,
    data: bytes | None = None,
    real: Path | None = None,
    real_target: Path | None = None,
    before_rename: Callable[[], None] = lambda: None,
) -> Outcome:
    """Quantize an image file; the outcome reports every failure to read, quantize or write it.

    Parameters
    ----------
    path : Path
    settings : Settings
    policy : Policy
    target : Path, optional
        The file to write, in the format of its extension or of the policy. None: rewrite the file itself in
        its own format.
    dry_run : bool
        Do everything except write.
    force : bool
        Overwrite a target that exists. Without it, a target with different content is a failure.
    data : bytes, optional
        The content, if it was read already, for example from standard input.
    real, real_target : Path, optional
        Absolute paths without links, as resolved when the user gave them. No link that was made later is
        followed. None: resolved now.
    before_rename : callable
        Called just before the result gets its name; an exception from it prevents that.

    Returns
    -------
    Outcome
    """
    if target is None and (decided := peek(path, settings, policy)) is not None:
        return decided
    real = real or resolved(path, last=target is not None)
    folder: Folder | None = None
    found: os.stat_result | None = None
    with ExitStack() as opened:
        try:
            if data is None:
                folder = opened.enter_context(open_folder(real.parent))
                data, found = read_version(folder, real.name, policy)
            if target is not None:
                # A hook has no targets.
                from kquant_hooks.assets.existing import already_there, is_another

                real_target = real_target or resolved(target)
                format_name = _format_for(target, policy)
                if not force and is_another(real_target, data, format_name, settings, policy):
                    return Outcome(
                        path, "failed", already_there(target), target=target, bytes_before=len(data)
                    )
        except (OSError, ValueError, MemoryError) as error:
            return outcome_of_error(error, path, target, 0, policy)
        outcome, written = outcome_and_bytes(path, settings, policy, target, data)
        if written is None:
            return outcome
        try:
            if target is not None:
                assert real_target is not None
                return _write_target(
                    outcome,
                    written,
                    target,
                    real_target,
                    dry_run=dry_run,
                    force=force,
                    before_rename=before_rename,
                )
            assert folder is not None
            if dry_run:
                check_replaceable(folder, real.name, folder.stat(real.name))
                return replace(outcome, status="would-rewrite")
            replace_file(folder, real.name, written, expected=found, before_rename=before_rename)
        except OSError as error:
            return unwritten(outcome, f"cannot be written: {error.strerror or error}")
    return outcome


def _write_target(
    outcome: Outcome,
    written: bytes,
    target: Path,
    real: Path,
    *,
    dry_run: bool,
    force: bool,
    before_rename: Callable[[], None],
) -> Outcome:
    """Write a result to a target, not to the source."""
    from kquant_hooks.assets.existing import compare_with_existing

    folder = _folder_of(real, create=not dry_run)
    if folder is None:
        return replace(outcome, status="would-rewrite")
    with folder:
        there = folder.stat_or_none(real.name)
        if there is not None and not force:
            return compare_with_existing(outcome, written, target, folder, real.name)
        if dry_run:
            check_replaceable(folder, real.name, there)
            return replace(outcome, status="would-rewrite")
        try:
            replace_file(folder, real.name, written, exclusive=not force, before_rename=before_rename)
        except FileExistsError:
            # Another program has just made it, or this file system treats another spelling as the same name.
            return compare_with_existing(outcome, written, target, folder, real.name)
    return outcome


def _folder_of(real: Path, *, create: bool) -> Folder | None:
    """The folder of a file; None if it does not exist and ``create`` is false."""
    try:
        return open_folder(real.parent, create=create)
    except FileNotFoundError:
        if create:
            raise
        return None


def peek(path: Path, settings: Settings, policy: Policy) -> Outcome | None:
    """The outcome of rewriting a file in place, if its head and end decide that; otherwise None.

    At most a few kilobytes are read, and neither Pillow nor NumPy is loaded.
    """
    size = 0
    try:
        # lstat first: merely opening a device can have effects, and opening a pipe can block.
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return Outcome(path, "skipped", "it is a symbolic link; use the file that it leads to")
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(_NO_FILE[stat.S_ISDIR(found.st_mode)])
        _check_size(found, policy)
        size = found.st_size
        handle = os.open(path, os.O_RDONLY | FILE_FLAGS)
        try:
            head = end = os.read(handle, _HEAD)
            if size > len(head):
                os.lseek(handle, -_END, os.SEEK_END)
                end = os.read(handle, _END)
        finally:
            os.close(handle)
        judge(head, settings, in_place=True, end=end)
    except (Unchanged, Skip, OSError, ValueError) as error:
        return outcome_of_error(error, path, None, size, policy)
    return None


def outcome_and_bytes(
    path: Path, settings: Settings, policy: Policy, target: Path | None, data: bytes | None = None
) -> tuple[Outcome, bytes | None]:
    """``process`` without the writing: the outcome if writing succeeds, and the bytes to write, if any."""
    size = 0
    try:
        format_name = None if target is None else _format_for(target, policy)
        data = read_file(path, policy) if data is None else data
        size = len(data)

        from kquant_hooks.assets.convert import convert
        from kquant_hooks.processes.memory import memory_limited

        with memory_limited(policy.max_memory):
            done = convert(data, settings, policy, format_name)
    except Exception as error:  # noqa: BLE001  any error that a broken file causes is about that file
        if isinstance(error, Unchanged) and target is not None:
            # A new file with the same pixels in the same format is a copy.
            reason = f"copied: {error}"
            return Outcome(
                path, "rewritten", reason, target=target, bytes_before=size, bytes_after=size
            ), data
        return outcome_of_error(error, path, target, size, policy), None
    outcome = Outcome(
        path,
        "rewritten",
        target=target or path,
        bytes_before=size,
        bytes_after=len(done.data),
        figures=done.figures,
    )
    return outcome, done.data


def outcome_of_error(error: Exception, path: Path, target: Path | None, size: int, policy: Policy) -> Outcome:
    """The outcome for an exception; ``size`` is the file's size in bytes."""
    match error:
        case Unchanged():
            return Outcome(path, "unchanged", str(error), target=target, bytes_before=size, bytes_after=size)
        case Skip():
            return Outcome(path, "skipped", str(error), target=target, bytes_before=size)
        case OSError():
            reason = f"cannot be read: {error.strerror or error}"
        case MemoryError():
            reason = "it needs more memory than is available"
            if policy.max_memory is not None:
                limit = POLICY_OPTIONS["max_memory"].show(policy.max_memory)
                reason += f", or than max-memory={limit}; a higher limit may help"
        case ValueError():
            reason = str(error)
        case _:
            reason = f"{type(error).__name__}: {error}"
    return Outcome(path, "failed", reason, target=target, bytes_before=size)


def max_file_size(policy: Policy) -> int:
    """The size in bytes of the largest file that is read."""
    return max(_LEAST_LIMIT, _BYTES_PER_PIXEL * most_of_one(policy.max_pixels))


def _format_for(target: Path, policy: Policy) -> str:
    if policy.format != SAME:
        return format_for_option(policy.format)
    name = format_for_extension(target.suffix)
    if name is None:
        extensions = ", ".join(written_extensions())
        raise ValueError(
            f"cannot write {target.suffix or target.name!r}; use one of the extensions {extensions}"
        )
    return name


def read_file(path: Path, policy: Policy) -> bytes:
    """The content of a regular file, links followed; ValueError if it is of another kind or too large."""
    real = resolved(path)
    with open_folder(real.parent) as folder:
        return read_version(folder, real.name, policy)[0]


def read_version(folder: Folder, name: str, policy: Policy) -> tuple[bytes, os.stat_result]:
    """The content of a regular file, and its status; ValueError as for ``read_file``."""
    try:
        with open_regular(folder, name) as file:
            found = os.fstat(file.fileno())
            _check_size(found, policy)
            return file.read(), found
    except NotRegularError as error:
        raise ValueError(_NO_FILE[error.errno == errno.EISDIR]) from None


def _check_size(found: os.stat_result, policy: Policy) -> None:
    if found.st_size > max_file_size(policy):
        pixels = most_of_one(policy.max_pixels)
        raise ValueError(
            f"its {found.st_size} bytes are too many for a picture within max-pixels={pixels}; "
            "use a higher limit to read it"
        )
