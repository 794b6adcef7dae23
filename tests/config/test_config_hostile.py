"""A malicious ``.kquant.yaml`` in a cloned repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from configs import write
from files import DEADLINE, picture_at

from kquant_hooks import Palette
from kquant_hooks.cli import main

SECRET = "; settings\npassword = hunter2\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A repository as the current folder, with a secret and a palette next to it."""
    (tmp_path / "secret.ini").write_text(SECRET)
    Palette(["#f00"]).save(tmp_path / "other.hex")
    folder = tmp_path / "clone"
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder)
    return folder


def said(capsys) -> str:
    """The line that the hook prints when a configuration stops it."""
    assert main(["hook", "missing.png"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    return captured.err


@pytest.mark.parametrize("option", ["palette", "fixed"])
@pytest.mark.parametrize(
    "name", ["../secret.ini", "{}/secret.ini", "link.ini", "way/secret.ini", "sub/../../none", "/dev/zero"]
)
def test_palettes_elsewhere_are_not_even_looked_for(option, name, clone, capsys):
    (clone / "link.ini").symlink_to("../secret.ini")
    (clone / "way").symlink_to("..")
    name = name.format(clone.parent)
    write(f"rules: [{{files: a, {option}: '{name}'}}]")
    line = said(capsys)
    assert line.startswith(f"kquant: .kquant.yaml: $.rules[0].{option}: '{name[:50]}")
    assert line.endswith(f" is outside of {clone}; copy the file into it, or use a flag\n")


def test_palettes_of_the_repository_wherever_the_configuration_is(clone, capsys):
    picture_at("sub/a.png")
    Palette(["#f00", "#00f"]).save("brand.hex")
    (clone / "sub/link.hex").symlink_to("../brand.hex")
    for name in ("../brand.hex", "link.hex", f"{clone}/brand.hex"):
        write(f"palette: {name}", "sub")
        assert main(["config", "sub/a.png"]) == 0
        assert "#ff0000" in capsys.readouterr().out


def test_without_a_repository_it_is_the_folder_of_the_file(clone, capsys):
    (clone / ".git").rmdir()
    write("palette: ../other.hex")
    assert f"'../other.hex' is outside of {clone}; " in said(capsys)


def test_a_flag_may_name_any_file(clone, capsys):
    write("palette: 5")
    (clone.parent / "mine.yaml").write_text("palette: other.hex\n")
    assert main(["config", "--config", "../mine.yaml", "a.png"]) == 0
    assert "#ff0000" in capsys.readouterr().out
    Path(".kquant.yaml").unlink()
    assert main(["hook", "--palette", "../other.hex", "--explain", "a.png"]) == 0
    assert main(["hook", "--palette", "../secret.ini", "a.png"]) == 2
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize("content", [SECRET, '{"token": "hunter2"}', "c0ffee\nhunter2\n", '["hunter2"]'])
def test_the_content_of_other_files_is_not_shown(content, clone, capsys):
    Path("secret.txt").write_text(content)
    write("palette: secret.txt")
    assert "hunter2" not in said(capsys)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_pipes_and_folders_as_palettes_and_configurations_do_not_block(make, clone, capsys):
    make("odd")
    write("palette: odd")
    assert "$.palette: expected a palette file, " in said(capsys)
    for flag in ("--palette", "--config"):
        assert main(["hook", flag, "odd", "missing.png"]) == 2
    Path(".kquant.yaml").unlink()
    make(".kquant.yaml")
    capsys.readouterr()
    assert said(capsys).startswith("kquant: .kquant.yaml: cannot be read: ")


def test_a_configuration_is_none_that_leads_out_of_the_repository(clone, capsys):
    (clone.parent / "mine.yaml").write_text("colors: hunter2\n")
    (clone / ".kquant.yaml").symlink_to("../mine.yaml")
    assert (
        said(capsys)
        == f"kquant: .kquant.yaml: it links to a file outside of {clone}; use --config for that\n"
    )
    assert main(["hook", "--config", "../mine.yaml", "missing.png"]) == 2
    assert "got 'hunter2'" in capsys.readouterr().err
    (clone / "shared.yaml").write_text("colors: 9")
    (clone / "sub/.kquant.yaml").symlink_to("../shared.yaml")
    assert main(["config", "sub/a.png"]) == 0


def test_a_palette_is_read_once_whatever_names_it(clone, monkeypatch):
    picture_at("a.png")
    Palette(["#f00"]).save("brand.hex")
    read = []
    load = Palette.load
    monkeypatch.setattr(Palette, "load", lambda path, **rest: (read.append(path), load(path, **rest))[1])
    write("rules:\n" + 50 * "- {files: a, palette: brand.hex}\n")
    assert main(["config", "a.png"]) == 0
    assert read == [Path("brand.hex")]


def test_many_folders_and_any_folders_between_them(clone):
    write(f"rules: [{{files: '{'**/a/' * 6}b.png', colors: 5}}]")
    command = [sys.executable, "-m", "kquant_hooks", "config", "a/" * 150 + "x.png"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert (result.returncode, result.stderr) == (0, "")
    assert "rule: none matches" in result.stdout
