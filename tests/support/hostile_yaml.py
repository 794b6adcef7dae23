"""A program that reads texts, which may be YAML, as configurations, with little memory and time for them all.

``test_config_fuzz.py`` starts it with a seed and a folder to work in. It prints a line for each text that is
neither a configuration nor refused in a short sentence.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from kquant_hooks.config.document import load
from kquant_hooks.config.reading import ConfigError

MOST_MEMORY, MOST_SECONDS = 1 << 29, 100
SOUPS, DAMAGED, LONG = 700, 700, 40
BYTES = 250_000
SOUND = """colors: 12
effort: best
max-iter: 9
min-savings: 5%
palette: ['#000', "#fff"]
rules:
- files: sprites/**
  palette: &p ['#1a1c2c', '#f4f4f4']
- files: ['**/*.icon.{png,gif}', a/]
  palette: *p
  skip: true
watch: {settle: 2s, jobs: 3}
"""
TOKENS = [
    *(
        "a",
        "colors",
        "rules",
        "files",
        "palette",
        "fixed",
        "watch",
        "skip",
        "tol",
        "settle: ",
        "min-savings: ",
    ),
    *(
        ": ",
        ":",
        ":\n",
        ",",
        "[",
        "]",
        "{",
        "}",
        "- ",
        "-",
        "\n",
        "\n  ",
        "\n    ",
        "? ",
        "|\n ",
        ">",
        "'",
        '"',
    ),
    *(
        "&a ",
        "*a",
        "!",
        "!!int ",
        "!!python/name:os.system ",
        "<<",
        "#",
        "%YAML 1.9\n",
        "%TAG ! x\n",
        "---\n",
    ),
    *(
        "...\n",
        "\t",
        " ",
        "\\",
        '"\\Uffffffff',
        "\\ud800",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "é",
        "😀",
        "=",
        "`",
    ),
    *("0", "1:2:3", "0x", "1e9", "010", ".nan", ".", "~", "true", "5%", "#fff", "1" * 50, "1_" * 9, ".5e5"),
    *("**/", "*", "{a,b}", "{1..", "[a-", "colors: 5\n", "rules:\n- files: a\n"),
]
BEGINNINGS = ["", "palette: [", "rules: [", "rules:\n- files: [", 'a: "', "watch: {", "colors: ", "palette: "]


def texts(draw: random.Random) -> Iterator[str]:
    for _ in range(SOUPS):
        yield "".join(draw.choices(TOKENS, k=draw.randint(1, 40)))
    for _ in range(DAMAGED):
        damaged = list(SOUND)
        for _ in range(draw.choice((1, 2, 4, 8))):
            start = draw.randrange(len(damaged))
            damaged[start : start + draw.choice((0, 1, 5))] = draw.choices(TOKENS, k=draw.choice((0, 1, 3)))
        yield "".join(damaged)
    for _ in range(LONG):
        unit = "".join(draw.choices(TOKENS, k=draw.randint(1, 4)))
        yield draw.choice(BEGINNINGS) + unit * (BYTES // len(unit.encode()))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    path = Path(sys.argv[2], ".kquant.yaml")
    for text in texts(random.Random(sys.argv[1])):
        path.write_text(text, encoding="utf-8")
        try:
            load(path)
        except ConfigError as error:
            if len(str(error).removeprefix(f"{path}")) > 500 or "\n" in str(error):
                print("not a short sentence:", repr(str(error))[:300])
        except Exception as error:  # noqa: BLE001  any other error is a mistake
            print(f"{error!r:.100}", repr(text)[:300])


if __name__ == "__main__":
    main()
