"""Custom properties of CSS, for style sheets; only written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kquant_hooks.palettes.swatch import Swatch, to_hex


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A rule with a property for each colour: its name or, if that is not unique, its number."""
    taken: set[str] = set()
    lines = []
    for number, (levels, name) in enumerate(swatches, 1):
        # Such a name may have letters of all scripts, digits, '-' and '_'.
        word = re.sub(r"[^\w-]+", "-", name.lower()).strip("-")
        if not word or word in taken or re.fullmatch(r"color-\d+", word):
            word = f"color-{number}"
        taken.add(word)
        lines.append(f"  --{word}: {to_hex(levels)};")
    return "\n".join([":root {", *lines, "}", ""]).encode()
