"""Whose screen it is: bars and swatches for people, plain lines for what captures them."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("pty", reason="terminals of Unix")

from drawings import saved
from photos import draw_photo
from terminals import environment, shown_by

# A bar says how much was saved; swatches are blocks of colours.
BAR, SWATCH = "saved", "\u2588"
# A command whose bar does not wait for a second.
COMMAND = """
from kquant_hooks.report import terminal
terminal._DELAY = 0
from kquant_hooks.cli import main
raise SystemExit(main())
"""


@pytest.fixture
def photos(repository) -> list[str]:
    """Pictures, and the program that quantizes them."""
    for number in range(6):
        (repository / f"{number}.png").write_bytes(saved(draw_photo(30, 20, seed=number), "PNG"))
    (repository / "kquant.py").write_text(COMMAND)
    return [f"{number}.png" for number in range(6)]


def on_a_terminal(*arguments: str, captured: bool = False, code: int = 0, **variables: str) -> str:
    command = [sys.executable, "kquant.py", *arguments]
    return shown_by(command, captured=captured, code=code, env=environment(**variables))


RUNNERS = {
    "a terminal for each command, as lefthook has": {},
    "pre-commit and prek": {"PRE_COMMIT": "1"},
    "git": {"GIT_PREFIX": ""},
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_hook_draws_no_bar(runner, photos):
    variables = {"COLORTERM": "truecolor"} | RUNNERS[runner]
    shown = on_a_terminal("hook", "--check", "-c4", *photos, code=1, **variables)
    assert BAR not in shown
    assert [line.partition(" ")[0] for line in shown.splitlines() if ".png" in line] == photos
    assert SWATCH not in shown or not RUNNERS[runner]


@pytest.mark.parametrize(
    "where",
    [{"captured": True}, {"PRE_COMMIT": "1"}, {"GIT_PREFIX": ""}, {"CI": "true"}, {"TERM": "dumb"}],
    ids=str,
)
def test_no_bar_on_what_is_nobodys_screen(where, photos):
    shown = on_a_terminal("quantize", "-nc4", *photos, **where)
    assert BAR not in shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == len(photos) + 1


def test_a_bar_on_a_users_own_screen(photos):
    assert BAR in on_a_terminal("quantize", "-nc4", *photos, CI="false", PRE_COMMIT="")


def quantizing(where: str, photos: list[str]) -> str:
    """What is shown of a run in a shell, with its output sent somewhere."""
    command = f'"{sys.executable}" kquant.py quantize -nc4 {" ".join(photos)}'
    return shown_by(["bash", "-c", where.format(command)], env=environment())


def test_no_bar_where_a_program_reads_the_results_and_one_where_a_file_takes_them(photos):
    assert BAR not in quantizing("{} | cat", photos)
    assert BAR not in quantizing("{} 2>&1 | cat", photos)
    assert BAR in quantizing("{} > results.txt", photos)


def test_no_bar_in_the_background(photos):
    # With job control a command in the background has a group of its own, which keys do not reach.
    assert BAR not in quantizing("set -m; {} & wait", photos)


def test_swatches_under_a_runner_if_asked_for(photos):
    arguments = ["hook", "--check", "-c4", photos[0]]
    runner = {"PRE_COMMIT": "1", "COLORTERM": "truecolor"}
    assert SWATCH not in on_a_terminal(*arguments, code=1, **runner)
    assert SWATCH in on_a_terminal(*arguments, "--color", "always", code=1, **runner)
