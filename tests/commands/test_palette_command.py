"""``kquant palette``: its output, its files and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kquant_hooks import Palette
from kquant_hooks.cli import main
from kquant_hooks.palettes.comparing import compare

MINE = Palette(["#ff8000", "#1a1c2c", "#000000"], ["Orange", "", "Größe"])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a palette file and a file that is not a palette."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "")
    MINE.save("mine.gpl")
    Path("bad.gpl").write_text("GIMP Palette\n1 2 x\n")
    return tmp_path


def run(*arguments, capsys):
    code = main(["palette", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_showing(capsys):
    assert run("show", "mine.gpl", capsys=capsys) == (
        0,
        "mine.gpl  3 colours\n  #ff8000  Orange\n  #1a1c2c\n  #000000  Größe\n",
        "",
    )


def test_showing_swatches(capsys):
    code, out, err = run("show", "mine.gpl", "--color", "always", capsys=capsys)
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == "  \x1b[38;2;255;128;0m████\x1b[0m  #ff8000  Orange"


def test_showing_for_programs(capsys):
    Palette(["#00000080"]).save("other.txt")
    code, out, err = run("show", "mine.gpl", "other.txt", "--json", "--color", "always", capsys=capsys)
    assert (code, err) == (0, "")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"path": "mine.gpl", "colors": list(MINE.hex()), "names": list(MINE.names)},
        {"path": "other.txt", "colors": ["#00000080"], "names": [""]},
    ]


def test_one_file_that_cannot_be_read_does_not_hide_the_others(capsys):
    code, out, err = run("show", "bad.gpl", "none.gpl", ".", "mine.gpl", capsys=capsys)
    assert code == 3
    assert out.startswith("mine.gpl  3 colours\n")
    assert err.splitlines() == [
        "kquant: bad.gpl: line 2: expected 3 levels from 0 to 255, got '1 2 x'",
        "kquant: none.gpl: cannot be read: No such file or directory",
        "kquant: .: cannot be read: Is a directory",
    ]


def test_names_of_files_cannot_speak_to_the_terminal(capsys):
    MINE.save("a\x1b[2J.gpl")
    assert "\x1b" not in run("show", "a\x1b[2J.gpl", capsys=capsys)[1]
    assert "\x1b" not in run("convert", "a\x1b[2J.gpl", "b\x1b[2J.hex", capsys=capsys)[1]
    Palette(["#123456"]).save("c\x1b[2J.gpl")
    assert "\x1b" not in run("compare", "mine.gpl", "c\x1b[2J.gpl", capsys=capsys)[1]


def test_converting(capsys):
    assert run("convert", "mine.gpl", "mine.ase", capsys=capsys) == (
        0,
        "mine.gpl -> mine.ase  3 colours\n",
        "",
    )
    assert Palette.load("mine.ase").names == MINE.names


def test_lost_names_are_reported(capsys):
    said = "mine.gpl -> mine.hex  3 colours  without names, which this format cannot hold\n"
    assert run("convert", "mine.gpl", "mine.hex", capsys=capsys) == (0, said, "")
    said = "mine.hex -> other.hex  3 colours\n"
    assert run("convert", "mine.hex", "other.hex", capsys=capsys) == (0, said, "")


def test_what_exists_is_overwritten_by_force_only(capsys):
    Path("mine.hex").write_text("theirs")
    said = "kquant: mine.hex already exists; use --force to overwrite it\n"
    assert run("convert", "mine.gpl", "mine.hex", capsys=capsys) == (2, "", said)
    assert Path("mine.hex").read_text() == "theirs"
    assert run("convert", "mine.gpl", "mine.hex", "--force", capsys=capsys)[0] == 0
    assert Palette.load("mine.hex") == MINE


@pytest.mark.parametrize(
    ("source", "target", "code", "said"),
    [
        (
            "mine.gpl",
            "mine.foo",
            2,
            "mine.foo: '.foo' is not an extension of palette files; expected one of .gpl, ",
        ),
        ("bad.gpl", "mine.hex", 3, "bad.gpl: line 2: expected 3 levels from 0 to 255, got '1 2 x'"),
        ("none.gpl", "mine.hex", 3, "none.gpl: cannot be read: No such file or directory"),
        ("mine.gpl", "none/mine.hex", 3, "none/mine.hex: cannot be written: No such file or directory"),
        (
            "glass.txt",
            "glass.ase",
            3,
            "glass.ase: its format cannot hold alpha, and colour 1 is #00000080; save it",
        ),
    ],
)
def test_what_cannot_be_converted(source, target, code, said, capsys):
    Palette(["#00000080"]).save("glass.txt")
    before = set(Path().iterdir())
    result, out, err = run("convert", source, target, capsys=capsys)
    assert (result, out, err.count("\n")) == (code, "", 1)
    assert err.startswith(f"kquant: {said}")
    assert set(Path().iterdir()) == before


def test_comparing_equal_ones(capsys):
    MINE.save("mine.hex")
    assert run("compare", "mine.gpl", "mine.hex", capsys=capsys) == (0, "equal: 3 colours\n", "")


def test_comparing_other_orders_and_numbers(capsys):
    Palette(list(MINE)[::-1]).save("other.hex")
    said = "the same colours in a different order\n"
    assert run("compare", "mine.gpl", "other.hex", capsys=capsys) == (1, said, "")
    Palette([*MINE, "#000"]).save("other.hex")
    said = "the same colours, but not the same number of times\n"
    assert run("compare", "mine.gpl", "other.hex", capsys=capsys) == (1, said, "")


def test_comparing_other_colours(capsys):
    Palette(["#000003", "#ff8000", "#ff8000", "#1a1c2c"]).save("other.hex")
    code, out, _ = run("compare", "mine.gpl", "other.hex", capsys=capsys)
    assert code == 1
    assert out.splitlines() == [
        "only in mine.gpl: #000000; nearest in other.hex: #000003, at a distance of 3.0",
        "only in other.hex: #000003; nearest in mine.gpl: #000000, at a distance of 3.0",
    ]


def test_comparing_for_programs(capsys):
    Palette(["#ff8000", "#1a1c2c", "#030004"]).save("other.hex")
    code, out, _ = run("compare", "mine.gpl", "other.hex", "--json", capsys=capsys)
    assert code == 1
    assert json.loads(out) == {
        "equal": False,
        "reordered": False,
        "only_first": [{"color": "#000000", "nearest": "#030004", "distance": 5.0}],
        "only_second": [{"color": "#030004", "nearest": "#000000", "distance": 5.0}],
    }


def test_comparing_what_cannot_be_read(capsys):
    code, out, err = run("compare", "none.gpl", "bad.gpl", capsys=capsys)
    assert (code, out, err.count("\n")) == (3, "", 2)


def test_alpha_counts():
    result = compare(Palette(["#0000", "#fff"]), Palette(["#000", "#fff"]))
    assert [(entry.color, entry.nearest, entry.distance) for entry in result.only_first] == [
        ("#00000000", "#000000", 255.0)
    ]


def test_converting_to_a_format(capsys):
    assert run("convert", "mine.gpl", "mine.pal", "--format", "riff", capsys=capsys)[0] == 0
    assert Path("mine.pal").read_bytes()[:4] == b"RIFF"
    assert run("compare", "mine.gpl", "mine.pal", capsys=capsys)[0] == 0


@pytest.mark.parametrize("arguments", [[], ["show"], ["convert", "a"], ["compare", "a", "b", "c"], ["mix"]])
def test_wrong_usage_has_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["palette", *arguments])
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["show", "convert", "compare"])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit):
        main(["palette", command, "--help"])
    out = capsys.readouterr().out
    assert f"  kquant palette {command} " in out
    assert "exit codes: 0 " in out


def test_a_reader_who_goes_away_is_no_failure():
    program = [sys.executable, "-m", "kquant_hooks", "palette", "show", *["mine.gpl"] * 300]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
