"""Options that do not exist, and the list of options as type checkers see it."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest
from PIL import Image

from kquant_hooks import KMeansQuantize, learn_palette, quantize
from kquant_hooks.options.kinds import Choice
from kquant_hooks.options.policy import Policy, PolicyOptions
from kquant_hooks.options.settings import OPTIONS, Options, PaletteLike, Settings

IMAGE = Image.linear_gradient("L")
CALLS = {
    "quantize": lambda **options: quantize(IMAGE, 4, **options),
    "learn_palette": lambda **options: learn_palette([IMAGE], 4, **options),
    "KMeansQuantize": lambda **options: KMeansQuantize(4, **options),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_misspelt_option_names_the_function_and_the_nearest_option(name):
    with pytest.raises(TypeError) as caught:
        CALLS[name](dithr="none")
    assert str(caught.value) == f"{name}() has no option 'dithr'; did you mean 'dither'?"


@pytest.mark.parametrize("name", CALLS)
def test_an_option_like_none_that_there_is_lists_them(name):
    with pytest.raises(TypeError) as caught:
        CALLS[name](zzz=1)
    assert str(caught.value).startswith(f"{name}() has no option 'zzz'; the options are colors, palette, ")


def test_type_checkers_see_the_options_that_there_are():
    declared = get_type_hints(Settings)
    seen = get_type_hints(Options)
    assert list(seen) == [name for name in OPTIONS if name != "colors"]
    for name, hint in seen.items():
        wanted = PaletteLike | None if name in ("palette", "fixed") else declared[name]
        assert hint == wanted, name


def test_type_checkers_see_the_options_for_files():
    # The other two have no effect within a process.
    declared = {entry.name for entry in fields(Policy)} - {"auto_colors", "timeout", "max_memory"}
    assert set(get_type_hints(PolicyOptions)) == declared


def test_choices_are_those_of_their_types():
    hints = get_type_hints(Settings)
    choices = {name: entry.kind.choices for name, entry in OPTIONS.items() if isinstance(entry.kind, Choice)}
    assert choices == {name: get_args(hints[name]) for name in choices}
