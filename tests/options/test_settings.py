from __future__ import annotations

import numpy as np
import pytest

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.options.settings import OPTIONS, Settings
from kquant_hooks.options.watch import Watch
from kquant_hooks.quantizer.effort import EFFORTS


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("colors", True, "colors=True: expected an integer from 1 to 256"),
        ("colors", 5.0, "colors=5.0: expected an integer from 1 to 256"),
        ("colors", None, "colors=None: expected an integer from 1 to 256"),
        ("colors", "5", "colors='5': expected an integer from 1 to 256"),
        ("colors", 0, "colors=0 is outside 1..256"),
        ("colors", -3, "colors=-3 is outside 1..256"),
        ("colors", 257, "colors=257 is outside 1..256"),
        ("palette", 7, r"palette=7: expected a Palette, a list of colours or a palette file, or None"),
        ("palette", ["#ff"], r"palette: '#ff' is not a hex colour"),
        ("init", "wu2", "init='wu2': expected one of wu, k-means"),
        ("init", None, "init=None: expected one of wu"),
        ("effort", 3, "effort=3: expected one of fast, balanced, best"),
        ("max_iter", 0, "max_iter=0: expected an integer of at least 1, or None"),
        ("max_iter", True, "max_iter=True: expected an integer of at least 1, or None"),
        ("tol", -0.1, "tol=-0.1 is outside 0..1"),
        ("tol", 1.5, "tol=1.5 is outside 0..1"),
        ("tol", float("nan"), "tol=nan is outside 0..1"),
        ("tol", "0", "tol='0': expected a number from 0 to 1, or None"),
        ("space", "lab", "space='lab': expected one of srgb, oklab"),
        ("seed", -1, "seed=-1: expected an integer of at least 0"),
        ("seed", 1.0, "seed=1.0: expected an integer of at least 0"),
        ("order", "hue?", "order='hue.': expected one of given, lightness, population"),
    ],
)
@pytest.mark.parametrize("face", [Settings, KMeansQuantize, lambda **options: quantize(None, **options)])
def test_wrong_values_are_refused_in_the_constructor(face, name, value, message):
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        face(**{name: value})


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="colour"):
        KMeansQuantize(colour=3)


def test_numpy_integers_are_integers():
    assert KMeansQuantize(np.int64(5)) == KMeansQuantize(5)
    assert type(KMeansQuantize(np.int64(5)).colors) is int


def test_efforts_and_choices_agree():
    assert tuple(EFFORTS) == OPTIONS["effort"].kind.choices


def test_every_option_is_described():
    for name, option in OPTIONS.items():
        assert option.help, name


def test_palette_hashes_with_the_settings():
    assert hash(Settings(palette=Palette(["#000"]))) == hash(Settings(palette=Palette(["#000"])))


@pytest.mark.parametrize("text", ["5", "5s", "5.0 s", "5000ms", " 5 "])
def test_seconds_need_no_unit(text):
    assert Watch(settle=text).settle == 5.0


def test_a_number_outside_its_range_is_told_the_range_alone():
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole message is compared
        Settings(tol=2)
    assert str(caught.value) == "tol=2 is outside 0..1"
