"""One file on disk: read, quantized, and written whole or not at all.

Pillow and NumPy are loaded only for a file that its first bytes do not decide.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from kquant_hooks.assets.atomic import replace_bytes
from kquant_hooks.assets.judge import Skip, Unchanged, judge
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.policy import Policy
from kquant_hooks.images.sniff import SUFFIXES, container_for_format, container_for_suffix
from kquant_hooks.quantizer.settings import Settings

# No picture that is small enough takes more of a file, whatever its format.
_BYTES_PER_PIXEL = 16
_LEAST_LIMIT = 1 << 24


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
    found = None
    try:
        if target is None:
            if path.is_symlink():
                return Outcome(path, "skipped", "it is a symbolic link; give the file that it leads to")
            found = path.stat()
        outcome, written = quantize_file(path, settings, policy, target, data)
        if written is None:
            return outcome
        if target is not None and not force and target.exists():
            return _beside_existing(outcome, written, target)
        if dry_run:
            return replace(outcome, status="would-rewrite")
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(target or path, written, found)
    except OSError as error:
        verb = "read" if found is None and target is None else "written"
        return Outcome(path, "failed", f"cannot be {verb}: {error.strerror or error}", target)
    return outcome


def quantize_file(
    path: Path, settings: Settings, policy: Policy, target: Path | None, data: bytes | None = None
) -> tuple[Outcome, bytes | None]:
    """``process`` without the writing: the outcome if that succeeds, and the bytes to write, if any."""
    size = 0
    try:
        container = None if target is None else _container_for(target, policy)
        data = _read(path, policy) if data is None else data
        size = len(data)
        judge(data, settings, in_place=container is None)

        from kquant_hooks.assets.convert import convert

        done = convert(data, settings, policy, container)
    except Unchanged as unchanged:
        if target is None or data is None:
            return Outcome(path, "unchanged", str(unchanged), None, size, size), None
        # A new file that would hold the same pixels in the same format is a copy.
        return Outcome(path, "rewritten", f"a copy, as {unchanged}", target, size, size), data
    except Skip as skip:
        return Outcome(path, "skipped", str(skip), target, size), None
    except OSError as error:
        return Outcome(path, "failed", f"cannot be read: {error.strerror or error}", target), None
    except MemoryError:
        return Outcome(path, "failed", "there is not enough memory for it", target, size), None
    except ValueError as error:
        return Outcome(path, "failed", str(error), target, size), None
    except Exception as error:  # noqa: BLE001  whatever a broken file brings about is about that file
        return Outcome(path, "failed", f"{type(error).__name__}: {error}", target, size), None
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


def _read(path: Path, policy: Policy) -> bytes:
    # Asked first: merely opening a device can do something, and opening a pipe can block.
    _check_regular(path, path.stat(), policy)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        _check_regular(path, os.fstat(handle), policy)
        return file.read()


def _check_regular(path: Path, found: os.stat_result, policy: Policy) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is a folder" if path.is_dir() else "it is no regular file")
    if found.st_size > most_bytes(policy):
        raise ValueError(f"its {found.st_size} bytes are more than max-pixels={policy.max_pixels} can take")


def _beside_existing(outcome: Outcome, written: bytes, target: Path) -> Outcome:
    if target.is_file() and target.stat().st_size == len(written) and target.read_bytes() == written:
        return replace(outcome, status="unchanged", reason=f"{target} is what it would become")
    reason = f"{target} exists and is something else; --force overwrites it"
    return replace(outcome, status="failed", reason=reason, bytes_after=0, palette=None, mse=None, psnr=None)
