"""The daemon's log: one line per event, as text or as JSON."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from queue import Full, Queue
from threading import Thread
from typing import Literal

from kquant_hooks.report.lines import one_line

Level = Literal["info", "warning", "error"]

# Lines that wait for a slow reader. Further ones are dropped, so that the daemon never waits.
_MAX_WAITING_LINES = 10_000
# Seconds that waiting lines have to be read when the daemon ends.
_GRACE_SECONDS = 2.0


class Log:
    """Lines on standard output, written by a separate thread: a stalled reader does not stop the daemon.

    Parameters
    ----------
    format_name : {"text", "json"}
    """

    def __init__(self, format_name: Literal["text", "json"]) -> None:
        self._format_name = format_name
        self._on_terminal = _is_terminal()
        self._lines: Queue[bytes | None] = Queue(_MAX_WAITING_LINES)
        self._thread = Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def write(self, event: str, text: str, *, level: Level = "info", **fields: object) -> None:
        """Write one line.

        Parameters
        ----------
        event : str
            A fixed name of the event, for programs.
        text : str
            The message.
        level : {"info", "warning", "error"}
        **fields
            Further fields of the JSON object.
        """
        now = datetime.now().astimezone()
        if self._format_name == "json":
            line = json.dumps({"at": now.isoformat(), "level": level, "event": event, "text": text, **fields})
        else:
            mark = "" if level == "info" else f"{level}: "
            line = f"{now:%Y-%m-%d %H:%M:%S}  {mark}{one_line(text)}"
        with suppress(Full):
            self._lines.put_nowait(f"{line}\n".encode("utf-8", "backslashreplace"))

    def terminal_is_gone(self) -> bool:
        """Whether its lines went to a terminal that is closed now."""
        return self._on_terminal and not _is_terminal()

    def close(self) -> None:
        """Write the lines that are waiting, if they are read in time."""
        with suppress(Full):
            self._lines.put_nowait(None)
        self._thread.join(_GRACE_SECONDS)

    def _write_lines(self) -> None:
        try:
            handle = sys.stdout.fileno()
        except (OSError, ValueError):
            # It is not a file.
            return
        torn = b""
        while (line := self._lines.get()) is not None:
            rest = torn + line
            try:
                while rest:
                    rest = rest[os.write(handle, rest) :]
                torn = b""
            except OSError:
                # The disk may be full only for a while: end the torn line before the next one.
                torn = b"\n" if len(rest) < len(line) else torn


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):
        # It is not a file.
        return False
