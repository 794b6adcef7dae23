"""Names that some file systems treat as one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from drawings import saved
from photos import draw_photo

from kquant_hooks.assets import names
from kquant_hooks.assets.batch import Job, process_each
from kquant_hooks.assets.collect import Destination, collect
from kquant_hooks.assets.names import are_one_name
from kquant_hooks.assets.process import process
from kquant_hooks.disk.folder import Folder
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

FOLDS = Path(__file__.swapcase()).exists()
GREEN = "grün.png"


@pytest.fixture
def folding(monkeypatch):
    """Pretend that the file system folds names."""
    stat = Folder.stat_or_none

    def folded(folder, name):
        alike = unicodedata.normalize("NFD", name.casefold())
        for known in folder.names():
            if unicodedata.normalize("NFD", known.casefold()) == alike:
                return stat(folder, known)
        return None

    monkeypatch.setattr(Folder, "stat_or_none", folded)


def pictures(folder: Path, *given: str) -> list[Path]:
    paths = [folder / name for name in given]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(saved(draw_photo(60 + number, 40), "PNG"))
    return paths


@pytest.mark.skipif(FOLDS, reason="names are folded here")
def test_names_that_differ_in_case_are_two_where_the_file_system_says_so(tmp_path):
    paths = pictures(tmp_path, "one/Photo.png", "two/photo.png")
    tasks = collect(paths, Destination(folder=tmp_path / "out"))
    assert [task.problem for task in tasks] == ["", ""]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "given",
    [
        ("one/Photo.png", "two/photo.png"),
        ("one/" + unicodedata.normalize("NFC", GREEN), "two/" + unicodedata.normalize("NFD", GREEN)),
    ],
)
def test_the_second_of_two_names_that_are_one_has_a_problem(given, tmp_path, folding):
    tasks = collect(pictures(tmp_path, *given), Destination(folder=tmp_path / "out"))
    assert tasks[0].problem == ""
    assert "the same name as the target of" in tasks[1].problem
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_other_names_are_never_asked_about(tmp_path, monkeypatch):
    monkeypatch.setattr(names, "_are_one_in", None)
    tasks = collect(pictures(tmp_path, "one/a.png", "two/b.png"), Destination(folder=tmp_path / "out"))
    assert [task.problem for task in tasks] == ["", ""]


def test_two_spellings_of_one_file_are_one(tmp_path):
    (path,) = pictures(tmp_path, "a.png")
    other = tmp_path / "A.png"
    if not FOLDS:
        other.hardlink_to(path)
    assert are_one_name(path, other)
    assert len(collect([path, other], Destination(in_place=True))) == 1


def test_of_two_runs_into_one_file_only_one_says_that_it_wrote_it(tmp_path, monkeypatch):
    """The first makes the target of the second between the second's check and its write."""
    first, second = pictures(tmp_path, "one/a.png", "two/a.png")
    target = tmp_path / "out.png"
    find = Folder.stat_or_none
    late = []

    def before_it_is_there(folder, name):
        if name == target.name and not late:
            late.append(None)
            late[0] = process(first, Settings(5), Policy(), target=target)
            return None
        return find(folder, name)

    for source, status in ((second, "failed"), (first, "unchanged")):
        late.clear()
        target.unlink(missing_ok=True)
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "stat_or_none", before_it_is_there)
            outcome = process(source, Settings(5), Policy(), target=target)
        assert (late[0].status, outcome.status) == ("rewritten", status)
        assert target.read_bytes() == (tmp_path / "out.png").read_bytes()


def test_workers_create_targets_and_never_take_them(tmp_path):
    """Twelve pictures are written to one file at once: one of them wins."""
    paths = pictures(tmp_path, *(f"{number}/a.png" for number in range(12)))
    target = tmp_path / "out.png"
    jobs = [Job(path, Settings(5), Policy(), target) for path in paths]
    statuses = [outcome.status for outcome in process_each(jobs, 4)]
    assert sorted(statuses) == ["failed"] * 11 + ["rewritten"]
