"""What tests of the daemon share: a folder to watch, and the daemon as users start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drawings import saved
from photos import draw_photo

from kquant_hooks.watch.folder import REASON_EXTENSION

# Seconds until an event that must happen.
DEADLINE = 60
PHOTO = saved(draw_photo(), "JPEG")
OTHER = saved(draw_photo(seed=8), "JPEG")


def until(condition: Callable[[], object], what: str = "") -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what or "it did not happen"
        time.sleep(0.02)


class Daemon:
    """``kquant watch in out`` in a folder, with a fault if one is set; its log can be read while it runs."""

    fault: str | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox, self.outbox = folder / "in", folder / "out"
        self.inbox.mkdir()
        self.log = folder / "log"
        self.running: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        faulty = str(Path(__file__).with_name("faulty.py"))
        return [sys.executable, *([faulty] if self.fault else ["-m", "kquant_hooks"]), "watch", *arguments]

    def start(self, *flags: str, **options: object) -> None:
        """Start it, and wait until it is watching."""
        seen = self.count("started")
        command = self.command("in", "out", "-c", "5", "--settle", "200ms", "--log", "json", *flags)
        faults = {"FAULT": self.fault or "", "FAULT_DONE": str(self.folder / "done")}
        with self.log.open("ab") as log:
            environment = {**os.environ, **faults}
            options = {"cwd": self.folder, "stdout": log, "stderr": log, "env": environment, **options}
            self.running = subprocess.Popen(command, **options)
        until(lambda: self.count("started") > seen or self.running.poll() is not None, "it does not start")

    def once(self, *flags: str) -> int:
        """Let it process the files that are there; returns its exit code."""
        self.start("--once", *flags)
        return self.wait()

    def wait(self) -> int:
        assert self.running is not None
        return self.running.wait(DEADLINE)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.running is not None
        self.running.send_signal(how)
        return self.wait()

    def rules(self, text: str) -> None:
        """Replace the configuration of the watched folder in one step."""
        (self.folder / "rules").write_text(text)
        (self.folder / "rules").rename(self.inbox / ".kquant.yaml")

    def put(self, name: str, data: bytes = PHOTO) -> Path:
        """Drop a file in one step, as a move does."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "part").write_bytes(data)
        (self.folder / "part").rename(path)
        return path

    def results(self) -> set[str]:
        """Files in the folder of results, except the ledger."""
        return {
            str(path.relative_to(self.outbox))
            for path in self.outbox.rglob("*")
            if path.is_file() and ".kquant" not in path.relative_to(self.outbox).parts
        }

    def shows(self, *names: str) -> None:
        """Wait until exactly these results exist."""
        until(lambda: self.results() == set(names), f"{names} did not come")

    def leftovers(self) -> list[str]:
        return [path.name for path in self.outbox.rglob(".kquant-*")]

    def events(self, name: str) -> list[dict[str, object]]:
        text = self.log.read_text() if self.log.exists() else ""
        lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        found = []
        for line in lines:
            with suppress(ValueError):
                found.append(json.loads(line))
        return [event for event in found if event["event"] == name]

    def count(self, event: str) -> int:
        return len(self.events(event))

    def says(self, event: str, text: str) -> None:
        until(lambda: any(text in str(said["text"]) for said in self.events(event)), f"{event}: {text}")

    def status(self) -> dict[str, object]:
        command = [sys.executable, "-m", "kquant_hooks", "watch", "--status", "out", "--json"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True)
        return json.loads(done.stdout)

    def end(self) -> None:
        """Clean up, and check the log."""
        if self.running is not None and self.running.poll() is None:
            self.running.kill()
            self.running.wait()
        text = self.log.read_text() if self.log.exists() else ""
        assert "Traceback" not in text
        # Only complete lines of the log, except the last one, if it was killed while writing it.
        *whole, _ = text.split("\n")
        assert [line for line in whole if not line.startswith("{")] == []


def reason(name: str) -> str:
    return name + REASON_EXTENSION
