"""Custom properties of CSS, for style sheets: written only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kquant_hooks.palettes.swatch import Swatch, to_hex


def write(swatches: Sequence[Swatch], _title: str) -> bytes:
    """A rule with a property for each colour: its name, or its number where it has none of its own."""
    taken: set[str] = set()
    lines = []
    for number, (levels, name) in enumerate(swatches, 1):
        # Letters of all scripts may stand in such a name; no other signs may, but for '-' and '_'.
        word = re.sub(r"[^\w-]+", "-", name.lower()).strip("-")
        if not word or word in taken or re.fullmatch(r"color-\d+", word):
            word = f"color-{number}"
        taken.add(word)
        lines.append(f"  --{word}: {to_hex(levels)};")
    return "\n".join([":root {", *lines, "}", ""]).encode()
