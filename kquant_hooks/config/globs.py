"""Globs for paths with ``/``, matched in time that is bounded by the glob's length times the path's.

A part of a path is matched by Python's ``fnmatch``. For ``**`` the same holds as for its ``*``: what stands
between two of them takes a known number of parts, so the first place where it fits leaves most to the rest,
and no other has to be tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate

# Parts of a path that follow each other, each by what matches it; between such groups stands ``**``.
_Group = tuple[Callable[[str], object], ...]
Glob = tuple[_Group, ...]

MOST_GLOBS = 1000
_LONGEST = 1000


def globs_in(pattern: str) -> Iterator[Glob]:
    """The globs that a text stands for; a name without folders is looked for in all of them.

    Raises
    ------
    ValueError
        If it is too long or stands for too many, or has what is not known here.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"{pattern!r:.60}... has more than {_LONGEST} characters")
    if re.search(r"\[:\w+:\]", pattern):
        raise ValueError(f"{pattern!r:.60} has a class of characters; give a range such as [0-9]")
    anywhere = "**/" if "/" not in pattern else ""
    written_out = _without_braces(pattern)
    return (_glob(anywhere + text) for text in written_out)


def matches(glob: Glob, parts: Sequence[str]) -> bool:
    """Whether a path, in its parts, is one of those that a glob stands for."""
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
        return bracex.expand(pattern, limit=MOST_GLOBS)
    except (bracex.ExpansionLimitException, RecursionError):
        raise ValueError(f"{pattern!r:.60} stands for more than {MOST_GLOBS} globs") from None


def _glob(pattern: str) -> Glob:
    names = [name for name in pattern.split("/") if name]
    if pattern.endswith("/"):
        names.append("**")
    if names[-1:] == ["**"]:
        # A folder is not among what lies in it.
        names.append("*")
    groups: list[list[Callable[[str], object]]] = [[]]
    for name in names:
        if name == "**":
            groups.append([])
        else:
            # Shells know '^' for '!'.
            name = re.sub(r"(?<!\[)\[\^", "[!", name)
            groups[-1].append(re.compile(translate(name)).match)
    return tuple(map(tuple, groups))


def _fits(group: _Group, parts: Sequence[str], start: int) -> bool:
    return all(part(parts[start + place]) for place, part in enumerate(group))
