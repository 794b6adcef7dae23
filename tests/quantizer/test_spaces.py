"""Colour spaces as values: a new one takes its module and a row in the option's choices."""

from __future__ import annotations

import pickle
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from kquant_hooks.options.kinds import Choice
from kquant_hooks.options.settings import OPTIONS
from kquant_hooks.quantizer.coords import exact_coords, grid_of, mean_colors
from kquant_hooks.quantizer.histogram import Histogram
from kquant_hooks.quantizer.mapping import map_colors
from kquant_hooks.quantizer.spaces.space import ColorSpace, space_named

MODULES = {path.name.removesuffix(".py") for path in files("kquant_hooks.quantizer.spaces").iterdir()}
SPACES = MODULES - {"__init__", "__pycache__", "space"}
# Red and blue count half as much as green.
MADE_UP = ColorSpace(
    name="made-up",
    coords_of=lambda colors: np.asarray(colors * np.array([2.0, 4.0, 2.0]), order="F"),
    rgb_of=lambda levels: levels * np.array([2.0, 1.0, 2.0]),
    rgb_only=True,
    parts=4,
    alpha_parts=4,
    zero=(0, 0, 0),
    alpha_levels=200,
)


def histogram_in(space, *, alpha):
    colors = np.random.default_rng(3).integers(1, 255, (500, 4 if alpha else 3), np.uint8)
    return Histogram(colors, np.ones(500, np.int64), alpha, space=space)


def test_each_choice_is_a_module():
    kind = OPTIONS["space"].kind
    assert isinstance(kind, Choice)
    assert set(kind.choices) == SPACES
    for name in SPACES:
        assert space_named(name).name == name


def test_a_space_survives_pickling():
    histogram = histogram_in(space_named("oklab"), alpha=True)
    assert pickle.loads(pickle.dumps(histogram)).space == space_named("oklab")


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
def test_a_made_up_space_needs_nothing_else(alpha):
    histogram = histogram_in(MADE_UP, alpha=alpha)
    entries = histogram.colors[::50].copy()
    coords, targets = (exact_coords(histogram, colors) for colors in (histogram.colors, entries))
    distances = ((coords[:, None] - targets[None]) ** 2).sum(axis=2)
    mapping = map_colors(histogram, entries)
    assert np.array_equal(mapping.labels, distances.argmin(axis=1))
    assert np.array_equal(mapping.errors, distances.min(axis=1))
    means = mean_colors(histogram, np.ones(len(coords)), list(coords.T))
    assert np.array_equal(means, histogram.colors)
    assert coords.max() < 1 << grid_of(histogram).bits


def test_spaces_differ():
    srgb, oklab = (histogram_in(space_named(name), alpha=False) for name in ("srgb", "oklab"))
    entries = srgb.colors[::50]
    assert not np.array_equal(map_colors(srgb, entries).labels, map_colors(oklab, entries).labels)
    assert replace(srgb, space=oklab.space).space == oklab.space
