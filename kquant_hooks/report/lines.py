"""Outcomes in words: a line for each file, and a summary."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kquant_hooks.assets.outcome import Outcome

_KIBI = 1024
_MOST_NAMES = 40
# A number in a reason that is otherwise the same for several files.
_FIGURE = re.compile(r"(?<= )[\d.]+(?= )")


def outcome_line(outcome: Outcome) -> str:
    """A line: ``hero.png  412.8 KiB -> 96.1 KiB  -76.7 %  38 214 -> 16 colours  PSNR 34.1 dB``."""
    name = str(outcome.path)
    if outcome.status in ("unchanged", "skipped", "failed"):
        return f"{name}  {outcome.status}: {outcome.reason}"
    if outcome.target not in (None, outcome.path):
        name += f" -> {outcome.target}"
    parts = [name, sizes_in_words(outcome.bytes_before, outcome.bytes_after)]
    if figures := outcome.figures:
        after = len(figures.palette)
        parts.append(f"{_grouped(figures.colors_before)} -> {after} colour{'s' * (after != 1)}")
        parts.append("no pixel changed" if math.isinf(figures.psnr) else f"PSNR {figures.psnr:.1f} dB")
        if figures.frames > 1:
            parts.append(f"{figures.frames} frames")
    if outcome.reason:
        parts.append(outcome.reason)
    if outcome.status == "would-rewrite":
        parts.append("(not written)")
    return "  ".join(parts)


def summary_line(outcomes: Iterable[Outcome], seconds: float) -> str:
    """The summary: ``12 files: 8 rewritten, 4 unchanged  3.1 MiB -> 1.2 MiB  -61.3 %  2.4 s``."""
    outcomes = list(outcomes)
    if not outcomes:
        return "no image files found"
    counts = Counter(outcome.status for outcome in outcomes)
    words = {"would-rewrite": "to be rewritten"}
    named = [f"{_grouped(count)} {words.get(status, status)}" for status, count in sorted(counts.items())]
    written = [outcome for outcome in outcomes if outcome.status in ("rewritten", "would-rewrite")]
    parts = [f"{_grouped(len(outcomes))} file{'s' * (len(outcomes) != 1)}: {', '.join(named)}"]
    if written:
        before = sum(outcome.bytes_before for outcome in written)
        parts.append(sizes_in_words(before, sum(outcome.bytes_after for outcome in written)))
    return "  ".join([*parts, f"{seconds:.1f} s"])


def skip_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Lines for skipped files, one for each reason, such as ``3 files (a.jpg, ...)  skipped: ...``."""
    alike: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status == "skipped":
            alike.setdefault(_FIGURE.sub("", outcome.reason), []).append(outcome)
    for first, *others in alike.values():
        files = f"{_grouped(1 + len(others))} files ({first.path}, ...)" if others else str(first.path)
        yield f"{files}  skipped: {first.reason}"


def git_add_line(paths: Sequence[Path], *, from_top: bool = False) -> str:
    """The shell command that stages the files; for very many files, a shorter text.

    Parameters
    ----------
    paths : sequence of Path
    from_top : bool
        Whether the paths start at the top of the repository, but the user is in another folder.
    """
    if len(paths) > _MOST_NAMES:
        return f"git add the {_grouped(len(paths))} files above ('git add -u' adds every changed file)"
    return " ".join(["git", "add", "--", *(_quoted(_pathspec(str(path), from_top)) for path in paths)])


def sizes_in_words(before: int, after: int) -> str:
    """Two sizes and the change, such as ``412.8 KiB -> 96.1 KiB  -76.7 %``."""
    change = f"  {100 * (after - before) / before:+.1f} %" if before else ""
    return f"{size_in_words(before)} -> {size_in_words(after)}{change}"


def size_in_words(count: int) -> str:
    """A size with its unit, such as ``96.1 KiB``."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < _KIBI or unit == "MiB":
            break
        size /= _KIBI
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def one_line(text: str) -> str:
    """The text with line ends and control characters, which file names may hold, escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _pathspec(name: str, from_top: bool) -> str:  # noqa: FBT001  private
    """A pathspec that matches this name and no other."""
    magic = ["top"] * from_top + ["literal"] * (name.startswith(":") or bool(set("*?[") & set(name)))
    return f":({','.join(magic)}){name}" if magic else name


def _quoted(name: str) -> str:
    """A name quoted for a shell; unprintable characters are escaped in the way of bash, zsh and ksh."""
    if name.isprintable():
        return shlex.quote(name)
    escaped = (
        char
        if char.isprintable() and char not in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )
    return f"$'{''.join(escaped)}'"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
