"""Names that the hook is given, and the line that stages them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from files import colors_in, picture_at

from kquant_hooks.cli import main
from kquant_hooks.report.lines import git_add_line

pytestmark = pytest.mark.usefixtures("repository")


def test_names_of_all_kinds(capsys):
    names = ["--dash.png", "-c.png", "with space.png", "ümlaut.png", "it's.png", "neue\nzeile.png", "<b>.png"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"caf\xe9.png"))
    for name in names:
        picture_at(name)
    assert main(["hook", "--colors", "5", "--", *names]) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert len(captured.out.splitlines()) == len(names) + 1
    assert [colors_in(name) for name in names] == [5] * len(names)


def test_a_name_that_looks_like_a_flag_is_refused_with_the_way_out(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["hook", "--dash.png"])
    assert caught.value.code == 2
    with pytest.raises(SystemExit):
        main(["hook", "--help"])
    assert "end 'args' with '--'" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
def test_the_line_to_type_is_right_in_a_shell():
    names = ["-a.png", "with space.png", "it's $HOME.png", "neue\nzeile.png", "tab\t'q'\\.png", "ü\u200b.png"]
    names += [os.fsdecode(b"caf\xe9\n.png")]
    line = git_add_line([Path(name) for name in names])
    assert "\n" not in line
    script = line.replace("git add --", "printf '%s\\0'", 1)
    printed = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert printed == b"".join(os.fsencode(name) + b"\0" for name in names)
    assert shlex.split(git_add_line([Path("a.png")])) == ["git", "add", "--", "a.png"]


ODD_FOR_GIT = ["*.png", "[1].png", ":!b.png", ":x.png", "what?.png", "plain.png", "it's [a].png"]


def git(*arguments: str, folder: str = ".") -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
@pytest.mark.parametrize("folder", [".", "sub"])
def test_the_line_to_type_stages_these_files_and_no_others(folder):
    Path(".git").rmdir()
    git("init", "-q")
    for name in [*ODD_FOR_GIT, "1.png", "b.png", "x.png", "a.png"]:
        picture_at(f"sub/{name}", b"")
    picture_at("1.png", b"")
    names = ODD_FOR_GIT if folder == "." else [f"sub/{name}" for name in ODD_FOR_GIT]
    line = git_add_line([Path(name) for name in names], from_top=folder == "sub")
    subprocess.run(["bash", "-c", line], cwd="sub", check=True)
    staged = git("ls-files", "-z").split("\0")
    assert sorted(filter(None, staged)) == sorted(f"sub/{name}" for name in ODD_FOR_GIT)


def test_hundreds_of_files_are_not_all_named():
    line = git_add_line([Path(f"{number}.png") for number in range(300)])
    assert line == "git add the 300 files above ('git add -u' adds every changed file)"
