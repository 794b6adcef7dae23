"""A palette file as the option: in Python, as a flag, in ``.kquant.yaml``."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import resolved, write
from helpers import colors_of
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.cli import main
from kquant_hooks.options.settings import Settings

pytestmark = pytest.mark.usefixtures("repository")

MINE = Palette(["#ff8000", "#1a1c2c"], ["Orange", "Ink"])


@pytest.fixture(autouse=True)
def mine(repository):
    """A palette file in the current folder."""
    MINE.save("mine.gpl")


@pytest.mark.parametrize("path", ["mine.gpl", Path("mine.gpl")])
def test_in_python(path, photo):
    assert KMeansQuantize(palette=path) == KMeansQuantize(palette=MINE)
    assert quantize(photo, palette=path).palette == MINE


def test_settings_hold_the_palette_and_not_the_file():
    settings = Settings(palette="mine.gpl")
    Path("mine.gpl").unlink()
    assert settings.palette == MINE
    assert hash(settings) == hash(Settings(palette=MINE))


@pytest.mark.parametrize("file", ["mine.gpl", "./fff"])
def test_as_a_flag(file, photo):
    Path("fff").write_bytes(Path("mine.gpl").read_bytes())
    photo.save("photo.png")
    assert main(["quantize", "photo.png", "--palette", file, "-o", "out.png"]) == 0
    with Image.open("out.png") as image:
        assert colors_of(image.convert("RGB")) == set(MINE)


def test_what_reads_as_colours_is_no_file(photo):
    Path("fff").write_bytes(Path("mine.gpl").read_bytes())
    photo.save("photo.png")
    assert main(["quantize", "photo.png", "--palette", "fff, #000", "-o", "out.png"]) == 0
    with Image.open("out.png") as image:
        assert colors_of(image.convert("RGB")) == {(0, 0, 0), (255, 255, 255)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "none.gpl",
            "palette: 'none.gpl' is neither a readable file (No such file or directory) nor a list of hex",
        ),
        (
            "#000,#12",
            "palette: '#000,#12' is neither a readable file (No such file or directory) nor a list of",
        ),
        (".", "palette: '.' is neither a readable file (Is a directory) nor a list of hex colours"),
        ("bad.gpl", "palette: bad.gpl: line 2: expected 3 levels from 0 to 255, got '1 2 x'"),
    ],
)
def test_mistakes_are_one_line(value, message, capsys):
    Path("in").mkdir()
    Path("bad.gpl").write_text("GIMP Palette\n1 2 x\n")
    with pytest.raises(ValueError, match=r"^palette") as caught:
        Settings(palette=value)
    assert str(caught.value).startswith(message)
    for command in (["quantize", "a.png"], ["hook", "a.png"], ["watch", "in", "out"]):
        assert main([*command, "--palette", value]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith(f"kquant: {message}")
        assert captured.err.count("\n") == 1


def test_in_a_configuration_it_lies_beside_it(monkeypatch):
    write("palette: art/mine.gpl\nrules: [{files: a.png, palette: ../mine.gpl}]", "sub")
    Path("sub/art").mkdir()
    Palette(["#123456"]).save("sub/art/mine.gpl")
    assert resolved("sub/b.png").settings.palette == Palette(["#123456"])
    assert resolved("sub/a.png").settings.palette == MINE
    monkeypatch.chdir("sub/art")
    assert resolved("../b.png").settings.palette == Palette(["#123456"])


def test_a_given_configuration_has_its_palettes_beside_it(capsys):
    write("palette: mine.gpl", "sub")
    Palette(["#123456"]).save("sub/mine.gpl")
    assert main(["config", "--config", "sub/.kquant.yaml", "a.png"]) == 0
    assert "palette #123456 " in " ".join(capsys.readouterr().out.split())


def test_the_hook_obeys_it(photo):
    write("palette: mine.gpl")
    photo.save("photo.png")
    assert main(["hook", "photo.png"]) == 1
    with Image.open("photo.png") as image:
        assert colors_of(image.convert("RGB")) == set(MINE)
    assert main(["hook", "photo.png"]) == 0


def test_what_holds_is_explained(capsys):
    write("rules: [{files: '*.png', palette: mine.gpl}]")
    assert main(["config", "a.png"]) == 0
    assert " palette #ff8000, #1a1c2c $.rules[0].palette " in " ".join(capsys.readouterr().out.split())


def test_a_mistake_names_the_place_and_the_file(capsys):
    write("rules: [{files: a, palette: bad.gpl}]", "sub")
    Path("sub/bad.gpl").write_text("GIMP Palette\n1 2 x\n")
    assert main(["config", "sub/a.png"]) == 2
    assert capsys.readouterr().err == (
        "kquant: sub/.kquant.yaml: $.rules[0].palette: sub/bad.gpl: line 2: "
        "expected 3 levels from 0 to 255, got '1 2 x'\n"
    )
