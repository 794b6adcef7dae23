"""The daemon's log: one line an event, for people or for programs."""

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

# Lines that wait for a reader; what comes after them is lost, and the daemon goes on.
_MOST_WAITING = 10_000
# Seconds for them to be read once the daemon ends.
_GRACE = 2.0


class Log:
    """Lines on standard output, written by a thread of their own: a reader who stops reading stops nothing.

    Parameters
    ----------
    form : {"text", "json"}
    """

    def __init__(self, form: Literal["text", "json"]) -> None:
        self._form = form
        self._on_terminal = _is_terminal()
        self._lines: Queue[bytes | None] = Queue(_MOST_WAITING)
        self._thread = Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def say(self, event: str, text: str, *, level: Level = "info", **fields: object) -> None:
        """One line.

        Parameters
        ----------
        event : str
            A word that programs know it by.
        text : str
            The same for people.
        level : {"info", "warning", "error"}
        **fields
            What programs are to know besides.
        """
        now = datetime.now().astimezone()
        if self._form == "json":
            line = json.dumps({"at": now.isoformat(), "level": level, "event": event, "text": text, **fields})
        else:
            mark = "" if level == "info" else f"{level}: "
            line = f"{now:%Y-%m-%d %H:%M:%S}  {mark}{one_line(text)}"
        with suppress(Full):
            self._lines.put_nowait(f"{line}\n".encode("utf-8", "backslashreplace"))

    def is_deserted(self) -> bool:
        """Whether its lines went to a terminal that was closed."""
        return self._on_terminal and not _is_terminal()

    def close(self) -> None:
        """Have what was said written, if that is to be had."""
        with suppress(Full):
            self._lines.put_nowait(None)
        self._thread.join(_GRACE)

    def _write(self) -> None:
        try:
            handle = sys.stdout.fileno()
        except (OSError, ValueError):
            # It is no file.
            return
        torn = b""
        while (line := self._lines.get()) is not None:
            rest = torn + line
            try:
                while rest:
                    rest = rest[os.write(handle, rest) :]
                torn = b""
            except OSError:
                # A full disk may be emptied: the next line begins a new one.
                torn = b"\n" if len(rest) < len(line) else torn


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):
        # It is no file.
        return False
