"""Which paths a glob matches, and that no glob makes matching slow."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest
from files import DEADLINE
from hypothesis import given
from hypothesis import strategies as st

from kquant_hooks.config.globs import globs_in, matches


def meant(pattern: str, path: str) -> bool:
    return any(matches(glob, path.split("/")) for glob in globs_in(pattern))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a.png", ["a.png", "x/a.png", "x/y/a.png"], ["b.png", "a.png/x", "xa.png"]),
        ("*.png", ["a.png", ".png", "x/.a.png"], ["a.pngx", "a.PNG"]),
        ("x/*.png", ["x/a.png"], ["x/y/a.png", "a.png", "y/x/a.png"]),
        ("/a.png", ["a.png"], ["x/a.png"]),
        ("x/", ["x/a", "x/y/a"], ["x", "y/x/a"]),
        ("x/**", ["x/a", "x/y/a", "x/.y/.a"], ["x", "xa"]),
        ("x/**/a", ["x/a", "x/y/a", "x/y/z/a"], ["x", "a", "xa", "x/ya"]),
        ("**/x/**", ["x/a", "y/x/a", "y/x/z/a"], ["x", "y/x", "xy/a"]),
        ("**/x/**/y/*", ["x/y/a", "z/x/z/y/a"], ["y/x/a", "x/y", "x/y/z/a"]),
        ("**/a/b/**/b/c", ["a/b/b/c", "a/b/a/b/b/c", "x/a/b/x/b/c"], ["a/b/c", "a/x/b/b/c"]),
        ("x**y", ["xy", "xzy", "a/xzy"], ["x/y"]),
        ("{a,b/c}.png", ["a.png", "b/c.png"], ["x/a.png", "c.png"]),
        ("{x,y}/", ["x/a", "y/z/a"], ["z/a"]),
        ("{x/,y/}", ["x/a", "y/z/a"], ["x", "z/a"]),
        ("a{1..3}.png", ["a1.png", "x/a3.png"], ["a4.png", "a.png"]),
        ("{{a,b},c}.png", ["a.png", "b.png", "c.png"], ["{a.png"]),
        ("[ab]c", ["ac", "bc"], ["cc", "[ab]c"]),
        ("[!ab]c", ["cc", "!c"], ["ac"]),
        ("[^ab]c", ["cc", "!c"], ["ac", "/c"]),
        ("[[]a", ["[a"], ["a", "[[]a"]),
        ("[[^]a", ["[a", "^a"], ["!a", "xa"]),
        ("[a", ["[a"], ["a"]),
        ("?", ["a", "ü", "\n"], ["ab", ""]),
    ],
)
def test_what_a_glob_stands_for(pattern, yes, no):
    assert [path for path in yes if not meant(pattern, path)] == []
    assert [path for path in no if meant(pattern, path)] == []


def tried_in_any_way(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether the parts match, trying every number of parts for ``**``."""

    @cache
    def fit(name: int, part: int) -> bool:
        if name == len(names):
            return part == len(parts)
        if names[name] == "**":
            return fit(name + 1, part) or (part < len(parts) and fit(name, part + 1))
        return part < len(parts) and names[name] in ("*", parts[part]) and fit(name + 1, part + 1)

    return fit(0, 0)


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "**"]), min_size=2, max_size=9),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=9),
)
def test_the_first_place_that_fits_is_enough(names, parts):
    expected = tuple(names) + (("*",) if names[-1] == "**" else ())
    assert meant("/".join(names), "/".join(parts)) == tried_in_any_way(expected, tuple(parts))


SLOW = {
    "six of any folders": ("**/a/" * 6 + "b", "a/" * 150 + "a"),
    "two hundred": ("**/a/" * 190 + "b", "a/" * 2000 + "a"),
    "a long row": ("**/" + "a/" * 490 + "b", "a/" * 2000 + "a"),
    "stars": ("*a" * 400 + "b", "a" * 4000),
    "stars in folders": ("**/*a*a*a*a*a*b/" * 60 + "c", ("a" * 250 + "/") * 16 + "c"),
    "sets": ("*[ab]" * 190 + "c", "ab" * 2000),
    "braces": ("**/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}/**/a/**/a/**/c", "a/" * 1000),
}


@pytest.mark.parametrize("pattern", SLOW)
def test_no_glob_takes_long(pattern):
    program = (
        "import sys; from kquant_hooks.config.globs import globs_in, matches; "
        "print(any(matches(glob, sys.argv[2].split('/')) for glob in globs_in(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, *SLOW[pattern]]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE)
    assert result.stdout == "False\n"
