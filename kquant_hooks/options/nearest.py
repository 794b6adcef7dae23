"""What was probably meant by a name that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another; None if there is none.

    Beginnings (``floyd``), initials (``fs``) and misspellings (``colours``) are understood.
    """
    from difflib import get_close_matches

    known = list(known)
    name = name.lower()
    found = get_close_matches(name, known, 1)
    if len(name) > 1:
        begin = [other for other in known if other.startswith(name)]
        initials = [other for other in known if "".join(re.findall(r"\b\w", other)) == name]
        found = begin or initials or found
    return found[0] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """What to say after a name that does not exist: what was probably meant, or nothing."""
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else ""
