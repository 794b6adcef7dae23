"""Links that a user puts into a path while a command runs: nothing outside is read or written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from drawings import saved
from photos import draw_photo

from kquant_hooks.assets import process as processing
from kquant_hooks.assets.collect import Destination, collect
from kquant_hooks.assets.process import process
from kquant_hooks.cli import main
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links that anybody may make")

PHOTO = saved(draw_photo(), "PNG")
SECRET = saved(draw_photo().transpose(1), "PNG")


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A folder in which an attacker may change everything, and a picture outside of it."""
    monkeypatch.chdir(tmp_path)
    for name, data in (("box/sub/a.png", PHOTO), ("outside/a.png", SECRET)):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_bytes(data)
    yield Path("box")
    assert Path("outside/a.png").read_bytes() == SECRET
    assert [path.name for path in Path("outside").iterdir()] == ["a.png"]


def swap_the_folder():
    Path("box/sub").rename("box/away")
    Path("box/sub").symlink_to(Path("outside").resolve())


def swap_the_file():
    Path("box/sub/a.png").unlink()
    Path("box/sub/a.png").symlink_to(Path("outside/a.png").resolve())


SWAPS = pytest.mark.parametrize("swap", [swap_the_folder, swap_the_file])


@SWAPS
@pytest.mark.parametrize(
    "destination", [Destination(in_place=True), Destination(), Destination(folder=Path("out"))]
)
def test_a_link_that_comes_between_listing_and_reading_is_not_followed(swap, destination, box):
    (task,) = collect([box], destination)
    swap()
    outcome = process(
        task.path, Settings(5), Policy(), target=task.target, real=task.real, real_target=task.real_target
    )
    assert outcome.status in ("failed", "skipped")
    assert "link" in outcome.reason or "regular file" in outcome.reason
    assert not Path("out").exists()


@SWAPS
@pytest.mark.parametrize("target", [None, Path("box/sub/b.png")])
def test_a_link_that_comes_while_it_is_quantized_is_not_followed(swap, target, box, monkeypatch):
    work = processing.outcome_and_bytes

    def slow(*arguments):
        done = work(*arguments)
        swap()
        return done

    monkeypatch.setattr(processing, "outcome_and_bytes", slow)
    real_target = None if target is None else target.resolve()
    outcome = process(box / "sub/a.png", Settings(5), Policy(), target=target, real_target=real_target)
    if target is None and swap is swap_the_file:
        assert outcome.reason.endswith("it changed while it was being processed; run again")
    elif target is None:
        # It was rewritten in the folder that was opened, wherever that is now.
        assert outcome.status == "rewritten"
        assert Path("box/away/a.png").read_bytes() != PHOTO
    elif swap is swap_the_folder:
        assert outcome.reason == "cannot be written: sub is a symbolic link; use the path that it leads to"


def test_a_target_that_becomes_a_link_is_not_followed(box):
    target = Path("box/b.png")
    real_target = target.resolve()
    target.symlink_to(Path("outside/a.png").resolve())
    for force in (False, True):
        outcome = process(
            box / "sub/a.png", Settings(5), Policy(), target=target, real_target=real_target, force=force
        )
        assert outcome.status == "failed"
    assert target.is_symlink()


@pytest.mark.parametrize("absolute", [False, True])
def test_the_hook_goes_through_no_folder_that_is_a_link(absolute, box, capsys):
    """Git never lists a file behind a link, so the link was made after the hook was called."""
    swap_the_folder()
    path = Path("box/sub/a.png")
    assert main(["hook", "--colors", "5", str(Path.cwd() / path if absolute else path)]) == 3
    assert "sub is a symbolic link; use the path that it leads to" in capsys.readouterr().err


def test_links_that_a_user_names_are_followed(box, capsys):
    Path("way").symlink_to("box/sub")
    Path("picture.png").symlink_to("box/sub/a.png")
    assert main(["quantize", "picture.png", "-c", "5", "-o", "out.png"]) == 0
    assert main(["quantize", "way/a.png", "-c", "5", "--in-place"]) == 0
    assert Path("box/sub/a.png").read_bytes() == Path("out.png").read_bytes()
    assert main(["quantize", "picture.png", "-c", "4", "--in-place"]) == 0
    assert "skipped: it is a symbolic link" in capsys.readouterr().out


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_link_to_itself_cannot_be_a_result(force, box, capsys):
    Path("loop.png").symlink_to("loop.png")
    assert main(["quantize", "box/sub/a.png", "-o", "loop.png", *force]) == 3
    assert capsys.readouterr().err
    assert Path("loop.png").is_symlink()
