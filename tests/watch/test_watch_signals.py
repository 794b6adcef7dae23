"""``kquant watch`` and signals: what is ignored stays so, SIGHUP reads the configuration, terminals close."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from daemons import Daemon, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


def ignoring(*numbers: int):
    """Set up a new process before the program starts."""
    return lambda: [signal.signal(number, signal.SIG_IGN) for number in numbers]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_what_was_ignored_at_the_start_stays_ignored(number, daemon):
    daemon.fault = "waiting-decoder"
    daemon.start(process_group=0, preexec_fn=ignoring(number))
    daemon.put("slow.jpg")
    until((daemon.folder / "done").exists)
    # As on logging out: the worker that has the file receives it, too.
    os.killpg(daemon.running.pid, number)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    (daemon.folder / "go").touch()
    daemon.shows("a.png", "slow.png")
    assert (daemon.count("trouble"), daemon.count("reread"), daemon.count("stopping")) == (0, 0, 0)
    assert daemon.stop(signal.SIGINT if number == signal.SIGTERM else signal.SIGTERM) == 0


def test_the_configuration_is_read_again(daemon):
    daemon.rules("skip: true")
    daemon.start()
    path = daemon.put("a.jpg")
    until(lambda: daemon.count("skipped"))
    watch = "watch: {originals: archive, settle: 7s, rescan: 1m}"
    daemon.rules(f"colors: 9\n{watch}\nrules: [{{files: x, colors: 2}}]")
    daemon.running.send_signal(signal.SIGHUP)
    daemon.says("reread", "configuration reloaded: ")
    (event,) = daemon.events("reread")
    assert event["changes"] == [
        "originals default -> archive",
        "rescan default -> 60s",
        "settle default -> 7s, overridden by --settle",
        "colors default -> 9, overridden by --colors",
        "skip true -> default",
        "rules (0 -> 1)",
    ]
    daemon.shows("a.png")
    until(lambda: not path.exists())
    assert (daemon.inbox / ".originals/a.jpg").exists()
    daemon.running.send_signal(signal.SIGHUP)
    daemon.says("reread", "configuration reloaded: nothing has changed")
    assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colors: 300", "$.colors: expected an integer from 1 to 256, got 300"),
        ("watch: {originals: burn}", "$.watch.originals: expected one of keep, archive, delete, got 'burn'"),
        ("colors: [", "line 1, column 10: expected the node content"),
        ("palette: nowhere.gpl", "$.palette: expected a palette file"),
        ("rules: [{files: x, colors: auto}]", "colors='auto' needs a limit to meet"),
    ],
)
def test_a_mistake_changes_nothing(text, message, daemon):
    daemon.rules("watch: {originals: archive}")
    daemon.start()
    daemon.rules(text)
    daemon.running.send_signal(signal.SIGHUP)
    daemon.says("reread", "the configuration has a mistake, so the old one stays in use: ")
    (event,) = daemon.events("reread")
    assert event["level"] == "error"
    assert message in event["text"]
    assert "\n" not in event["text"]
    daemon.put("a.jpg")
    daemon.shows("a.png")
    until(lambda: (daemon.inbox / ".originals/a.jpg").exists())
    assert daemon.stop() == 0


def test_running_jobs_are_repeated_with_the_new_rules(daemon):
    daemon.rules("watch: {jobs: 1}")
    daemon.fault = "waiting-decoder"
    daemon.start()
    daemon.put("slow.jpg")
    until((daemon.folder / "done").exists)
    daemon.put("b.jpg")
    daemon.rules("watch: {jobs: 2}\ndither: bayer-4")
    daemon.running.send_signal(signal.SIGHUP)
    # Another job can start at once.
    daemon.shows("b.png")
    until(lambda: daemon.count("published") == 1)
    (daemon.folder / "go").touch()
    daemon.shows("b.png", "slow.png")
    until(lambda: daemon.count("published") == 3)
    daemon.put("c.jpg")
    daemon.shows("b.png", "slow.png", "c.png")
    assert daemon.stop() == 0
    # It is not processed again at the next start either.
    daemon.once()
    assert daemon.count("published") == 4


def test_how_the_folder_is_watched_may_change(daemon):
    daemon.rules("watch: {recursive: false}")
    daemon.start()
    daemon.put("sub/a.jpg")
    daemon.put("b.jpg")
    daemon.shows("b.png")
    daemon.rules("watch: {polling: true}")
    daemon.running.send_signal(signal.SIGHUP)
    daemon.shows("b.png", "sub/a.png")
    until(lambda: daemon.status()["observer"] == "polling every 1 s")
    daemon.put("sub/c.jpg")
    daemon.shows("b.png", "sub/a.png", "sub/c.png")
    assert daemon.stop() == 0


def test_the_configuration_is_read_again_while_the_folder_of_results_is_gone(daemon):
    daemon.rules("skip: true")
    daemon.start()
    daemon.outbox.rename(daemon.folder / "away")
    daemon.says("trouble", "out is gone; restarting in")
    daemon.rules("")
    daemon.running.send_signal(signal.SIGHUP)
    daemon.says("reread", "skip true -> default")
    daemon.put("a.jpg")
    (daemon.folder / "away").rename(daemon.outbox)
    daemon.shows("a.png")
    assert daemon.stop() == 0


def start_on_a_terminal(daemon: Daemon, redirected: str) -> int:
    """Start it in a new session, as in a window; returns the other end of its terminal."""
    ours, theirs = os.openpty()
    command = daemon.command("in", "out", "--settle", "200ms", "--log", "json")
    daemon.running = subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *command],
        cwd=daemon.folder,
        pass_fds=[theirs],
        preexec_fn=lambda: os.login_tty(theirs),
    )
    os.close(theirs)
    daemon.put("a.jpg")
    daemon.shows("a.png")
    return ours


def test_it_ends_with_the_terminal_that_its_log_goes_to(daemon):
    terminal = start_on_a_terminal(daemon, "")
    daemon.running.send_signal(signal.SIGHUP)
    until(lambda: b"reloaded: nothing has changed" in os.read(terminal, 10_000))
    daemon.put("b.jpg")
    daemon.shows("a.png", "b.png")
    os.close(terminal)
    assert daemon.wait() == 130
    assert daemon.status()["running"] is False
    assert daemon.status()["waiting"] == {}


def test_it_goes_on_where_its_log_does(daemon):
    terminal = start_on_a_terminal(daemon, ">>log 2>&1")
    os.close(terminal)
    daemon.says("reread", "nothing has changed")
    daemon.put("b.jpg")
    daemon.shows("a.png", "b.png")
    assert daemon.stop() == 0
