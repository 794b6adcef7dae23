"""One file on disk: read, quantized, and written whole or not at all.

Pillow and NumPy are loaded only for a file that its first bytes do not decide.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.judge import Skip, Unchanged, judge
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.policy import Policy
from kquant_hooks.images.sniff import SUFFIXES, container_for_format, container_for_suffix
from kquant_hooks.quantizer.settings import Settings

# No picture that is small enough takes more of a file, whatever its format.
_BYTES_PER_PIXEL = 16
_LEAST_LIMIT = 1 << 24
# What says how a file begins, most palettes included, and how it ends.
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
) -> Outcome:
    """Quantize an image file; never raises for what a file holds or for what happens to it.

    Parameters
    ----------
    path : Path
    settings : Settings
    policy : Policy
    target : Path, optional
        The file to write, in the format that its name or the policy asks for; None: the file itself, which
        is then rewritten in its own format.
    dry_run : bool
        Go through everything and write nothing.
    force : bool
        Overwrite a target that exists. Without it only one that is the same already is no failure.
    data : bytes, optional
        What was read of it, as from standard input.

    Returns
    -------
    Outcome
    """
    if target is None and (decided := look(path, settings, policy)) is not None:
        return decided
    found = None
    try:
        if target is None:
            found = path.stat()
        outcome, written = quantize_file(path, settings, policy, target, data)
        if written is None:
            return outcome
        if target is not None and not force and target.exists():
            return _beside_existing(outcome, written, target)
        if dry_run:
            if target is None:
                _check_writable(path)
            return replace(outcome, status="would-rewrite")
        from kquant_hooks.atomic import replace_bytes

        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(target or path, written, found)
    except OSError as error:
        verb = "read" if found is None and target is None else "written"
        return Outcome(path, "failed", f"cannot be {verb}: {error.strerror or error}", target)
    return outcome


def look(path: Path, settings: Settings, policy: Policy) -> Outcome | None:
    """What a file's head and end decide, where the file itself is to be rewritten; None: not enough.

    No more than a few kilobytes are read, and neither Pillow nor NumPy is loaded.
    """
    size = 0
    try:
        if os.path.islink(path):  # noqa: PTH114  for thousands of files it takes less time
            return Outcome(path, "skipped", "it is a symbolic link; give the file that it leads to")
        handle, size = _open(path, policy)
        try:
            head = end = os.read(handle, _HEAD)
            if size > len(head):
                os.lseek(handle, -_END, os.SEEK_END)
                end = os.read(handle, _END)
        finally:
            os.close(handle)
        judge(head, settings, in_place=True, end=end)
    except (Unchanged, Skip, OSError, ValueError) as error:
        return without_result(error, path, None, size)
    return None


def quantize_file(
    path: Path, settings: Settings, policy: Policy, target: Path | None, data: bytes | None = None
) -> tuple[Outcome, bytes | None]:
    """``process`` without the writing: the outcome if that succeeds, and the bytes to write, if any."""
    size = 0
    try:
        container = None if target is None else _container_for(target, policy)
        data = read_file(path, policy) if data is None else data
        size = len(data)

        from kquant_hooks.assets.convert import convert

        done = convert(data, settings, policy, container)
    except Exception as error:  # noqa: BLE001  whatever a broken file brings about is about that file
        if isinstance(error, Unchanged) and target is not None:
            # A new file that would hold the same pixels in the same format is a copy.
            return Outcome(path, "rewritten", f"a copy, as {error}", target, size, size), data
        return without_result(error, path, target, size), None
    outcome = Outcome(
        path,
        "rewritten",
        "",
        target or path,
        size,
        len(done.data),
        done.colors_before,
        done.frames,
        done.palette,
        done.mse,
        done.psnr,
    )
    return outcome, done.data


def without_result(error: Exception, path: Path, target: Path | None, size: int) -> Outcome:
    """What an error says of a file of so many bytes."""
    match error:
        case Unchanged():
            return Outcome(path, "unchanged", str(error), target, size, size)
        case Skip():
            return Outcome(path, "skipped", str(error), target, size)
        case OSError():
            reason = f"cannot be read: {error.strerror or error}"
        case MemoryError():
            reason = "there is not enough memory for it"
        case ValueError():
            reason = str(error)
        case _:
            reason = f"{type(error).__name__}: {error}"
    return Outcome(path, "failed", reason, target, size)


def most_bytes(policy: Policy) -> int:
    """The largest file that is read at all."""
    return max(_LEAST_LIMIT, _BYTES_PER_PIXEL * policy.max_pixels)


def _container_for(target: Path, policy: Policy) -> str:
    if policy.format != "same":
        return container_for_format(policy.format)
    name = container_for_suffix(target.suffix)
    if name is None:
        endings = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
        raise ValueError(
            f"nothing is known of how to write {target.suffix or target.name!r}; endings are {endings}"
        )
    return name


def read_file(path: Path, policy: Policy) -> bytes:
    """All of a regular file; ValueError for what is none, or too large."""
    with os.fdopen(_open(path, policy)[0], "rb") as file:
        return file.read()


def _open(path: Path, policy: Policy) -> tuple[int, int]:
    """A handle to read a regular file through, and the file's size."""
    # Asked first: merely opening a device can do something, and opening a pipe can block.
    _check_regular(path, os.stat(path), policy)  # noqa: PTH116  for thousands of files it takes less time
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(handle)
        _check_regular(path, found, policy)
    except ValueError:
        os.close(handle)
        raise
    return handle, found.st_size


def _check_regular(path: Path, found: os.stat_result, policy: Policy) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is a folder" if path.is_dir() else "it is no regular file")
    if found.st_size > most_bytes(policy):
        raise ValueError(f"its {found.st_size} bytes are more than max-pixels={policy.max_pixels} can take")


def _check_writable(path: Path) -> None:
    """OSError if the file could not be replaced."""
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _beside_existing(outcome: Outcome, written: bytes, target: Path) -> Outcome:
    if target.is_file() and target.stat().st_size == len(written) and target.read_bytes() == written:
        return replace(outcome, status="unchanged", reason=f"{target} is what it would become")
    reason = f"{target} exists and is something else; --force overwrites it"
    return replace(outcome, status="failed", reason=reason, bytes_after=0, palette=None, mse=None, psnr=None)
