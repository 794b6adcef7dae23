"""Globs for paths with ``/``. The time to match one is bounded by the glob's length times the path's.

Python's ``fnmatch`` matches the parts of a path. The parts between two ``**`` match a known number of parts,
so the first place where they fit leaves the most for the rest, and no other place has to be tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate

# Functions that match consecutive parts of a path. There is a ``**`` between two groups.
_Group = tuple[Callable[[str], object], ...]
Glob = tuple[_Group, ...]

MAX_GLOBS = 1000
_MAX_LENGTH = 1000


def globs_in(pattern: str) -> Iterator[Glob]:
    """The globs that a pattern stands for; a name without folders matches in all folders.

    Raises
    ------
    ValueError
        If the pattern is too long, stands for too many globs, or uses syntax that is not supported.
    """
    if len(pattern) > _MAX_LENGTH:
        raise ValueError(f"{pattern!r:.60}... has more than {_MAX_LENGTH} characters")
    if re.search(r"\[:\w+:\]", pattern):
        raise ValueError(f"{pattern!r:.60} has a character class; use a range such as [0-9]")
    anywhere = "**/" if "/" not in pattern else ""
    written_out = _without_braces(pattern)
    return (_glob(anywhere + text) for text in written_out)


def matches(glob: Glob, parts: Sequence[str]) -> bool:
    """Whether a glob matches a path, given as its parts."""
    first, *others = glob
    start, end = len(first), len(parts)
    if start > end or not _fits(first, parts, 0):
        return False
    if not others:
        return start == end
    *floating, last = others
    end -= len(last)
    if start > end or not _fits(last, parts, end):
        return False
    for group in floating:
        places = range(start, end - len(group) + 1)
        place = next((place for place in places if _fits(group, parts, place)), None)
        if place is None:
            return False
        start = place + len(group)
    return True


def _without_braces(pattern: str) -> Iterable[str]:
    if "{" not in pattern:
        return [pattern]
    import bracex

    try:
        return bracex.expand(pattern, limit=MAX_GLOBS)
    except (bracex.ExpansionLimitException, RecursionError):
        raise ValueError(f"{pattern!r:.60} stands for more than {MAX_GLOBS} globs") from None


def _glob(pattern: str) -> Glob:
    names = [name for name in pattern.split("/") if name]
    if pattern.endswith("/"):
        names.append("**")
    if names[-1:] == ["**"]:
        # A folder does not match the glob of its content.
        names.append("*")
    groups: list[list[Callable[[str], object]]] = [[]]
    for name in names:
        if name == "**":
            groups.append([])
        else:
            # Shells accept '^' for '!'.
            name = re.sub(r"(?<!\[)\[\^", "[!", name)
            groups[-1].append(re.compile(translate(name)).match)
    return tuple(map(tuple, groups))


def _fits(group: _Group, parts: Sequence[str], start: int) -> bool:
    return all(part(parts[start + place]) for place, part in enumerate(group))
