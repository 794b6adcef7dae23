"""``kquant watch``: its usage, its messages, and how to stop it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from daemons import DEADLINE, PHOTO, reason, until
from drawings import saved
from PIL import Image

from kquant_hooks.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


def test_the_status_and_another_try(daemon):
    daemon.put("a.jpg")
    daemon.put("broken.jpg", PHOTO[:-300])
    daemon.start()
    daemon.shows("a.png", reason("broken.jpg"))
    status = daemon.status()
    assert (status["running"], status["done"], status["waiting"]) == (True, 1, {})
    assert list(status["failed"]) == ["broken.jpg"]
    text = subprocess.run(
        daemon.command("--status", "out"), cwd=daemon.folder, capture_output=True, text=True
    )
    assert text.returncode == 3
    assert "1 done, 0 waiting, 0 skipped, 1 failed\n" in text.stdout
    assert "failed: broken.jpg: cannot be decoded" in text.stdout
    assert retry(daemon) == "1 failed file will be tried again by the running kquant watch, within seconds\n"
    until(lambda: daemon.count("failed") == 2)
    until(lambda: daemon.status()["failed"])
    daemon.stop()
    assert daemon.status()["running"] is False
    assert retry(daemon) == "1 failed file will be tried again when kquant watch is next started\n"
    assert retry(daemon) == "no file has failed\n"
    daemon.once()
    assert daemon.count("failed") == 3


def retry(daemon):
    command = daemon.command("--retry", "out")
    done = subprocess.run(command, cwd=daemon.folder, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_another_try_signals_nobody(daemon):
    """A process number belongs to another process on another machine or in another container."""
    daemon.put("broken.jpg", PHOTO[:-300])
    daemon.start()
    daemon.shows(reason("broken.jpg"))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        with closing(sqlite3.connect(daemon.outbox / ".kquant/ledger.sqlite3")) as database, database:
            number = str(innocent.pid).encode()
            database.execute("UPDATE about SET value = ? WHERE name = 'process'", (number,))
        assert daemon.status()["process"] == innocent.pid
        retry(daemon)
        until(lambda: daemon.count("failed") == 2)
        innocent.communicate(b"\n")
    assert innocent.returncode == 0
    assert daemon.stop() == 0


def test_a_second_daemon_is_refused(daemon):
    daemon.start()
    done = subprocess.run(
        daemon.command("in", "out", "--once"), cwd=daemon.folder, capture_output=True, timeout=DEADLINE
    )
    assert done.returncode == 2
    assert b"another kquant watch is already running for" in done.stdout
    daemon.put("a.jpg")
    daemon.shows("a.png")
    daemon.stop(signal.SIGKILL)
    assert daemon.once() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_a_large_picture(how, daemon):
    daemon.put("large.png", saved(Image.effect_noise((3000, 2000), 60).convert("RGB"), "PNG"))
    daemon.start("--effort", "best")
    until(lambda: daemon.status()["waiting"] == {"large.png": ""})
    start = time.monotonic()
    assert daemon.stop(how) == 0
    assert time.monotonic() - start < DEADLINE / 2
    assert daemon.results() in (set(), {"large.png"})
    assert [path.name for path in daemon.outbox.iterdir() if path.name.startswith(".kquant-")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in", "in/out"], "must not contain each other"),
        (["in/sub", "in"], "must not contain each other"),
        (["in", "in"], "must not contain each other"),
        (["missing", "out"], "missing is not a folder or does not exist"),
        (["in"], "use INBOX and OUTBOX, or INBOX and --in-place"),
        (["in", "out", "--in-place"], "use INBOX and OUTBOX, or INBOX and --in-place"),
        (["in", "--in-place", "--originals", "delete"], "results replace the originals"),
        (["in", "out", "--settle", "soon"], "settle='soon': expected a time such as 500ms, 2s or 5m"),
        (["in", "out", "--colors", "300"], "colors=300 is outside 1..256"),
        (["--status", "in"], "in is not a folder of results: it has no .kquant ledger"),
        (["--retry", "in"], "in is not a folder of results: it has no .kquant ledger"),
    ],
)
def test_wrong_usage_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "in/sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["watch", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
