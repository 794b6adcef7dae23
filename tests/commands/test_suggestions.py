"""What was probably meant: commands, flags and values that do not exist."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from files import picture_at

import kquant_hooks
from kquant_hooks import KMeansQuantize
from kquant_hooks.cli import main
from kquant_hooks.options.nearest import nearest


@pytest.mark.parametrize(
    ("arguments", "usage", "meant"),
    [
        (["quantise", "a.png"], "kquant", "quantize"),
        (["palete", "show", "a.gpl"], "kquant", "palette"),
        (["quantize", "a.png", "--colours", "5"], "kquant quantize", "--colors"),
        (["quantize", "a.png", "--colours=5"], "kquant quantize", "--colors"),
        (["hook", "--chek", "a.png"], "kquant hook", "--check"),
        (["watch", "in", "out", "--setle", "5s"], "kquant watch", "--settle"),
        (["watch", "in", "out", "--log", "jsn"], "kquant watch", "json"),
        (["palette", "shwo", "a.gpl"], "kquant palette", "show"),
        (["palette", "learn", "a.png", "-o", "a.gpl", "--equal"], "kquant palette learn", "--equal-weight"),
        (["quantize", "a.png", "--color", "allways"], "kquant quantize", "always"),
    ],
)
def test_a_mistake_shows_the_usage_of_its_command_and_what_was_meant(arguments, usage, meant, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"usage: {usage} [-h]")
    assert error.endswith(f"; did you mean {meant!r}?\n")


@pytest.mark.parametrize(
    ("flags", "meant"),
    [
        (["--dither", "floyd"], "floyd-steinberg"),
        (["--dither", "fs"], "floyd-steinberg"),
        (["--dither", "Bayer4"], "bayer-4"),
        (["--order", "light"], "lightness"),
        (["--init", "kmeans++"], "k-means++"),
        (["--format", "tif"], "tiff"),
    ],
)
def test_a_choice_that_does_not_exist_names_the_nearest(flags, meant, capsys):
    assert main(["quantize", "a.png", *flags]) == 2
    assert capsys.readouterr().err.endswith(f"; did you mean {meant!r}?\n")


def test_the_filter_names_the_nearest_choice():
    with pytest.raises(ValueError, match="; did you mean 'floyd-steinberg'"):
        KMeansQuantize(5, dither="floyd")


def test_nothing_is_suggested_for_what_is_like_nothing():
    assert nearest("zzz", ["given", "hue"]) is None
    assert nearest("", ["given", "hue"]) is None
    assert nearest("h", ["given", "hue"]) is None
    assert nearest("hu", ["given", "hue"]) == "hue"


def test_no_command_shows_the_help(capsys):
    assert main([]) == 2
    out = capsys.readouterr().out
    assert "commands:" in out
    assert "learn, show, convert or compare palettes" in out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("paths", [["a.png", "b.png"], ["."]])
def test_the_name_of_one_file_for_several_asks_for_a_folder(paths, capsys):
    picture_at("a.png")
    picture_at("b.png")
    assert main(["quantize", *paths, "-o", "out.png"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "kquant: --output out.png names one file; for several files use a folder such as out"
    )


def test_the_version():
    assert kquant_hooks.__version__ == version("kquant-hooks")
