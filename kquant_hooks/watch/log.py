"""The daemon's log: one line an event, for people or for programs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from kquant_hooks.report.lines import one_line
from kquant_hooks.report.printing import say

Level = Literal["info", "warning", "error"]


class Log:
    """Lines on standard output.

    Parameters
    ----------
    form : {"text", "json"}
    """

    def __init__(self, form: Literal["text", "json"]) -> None:
        self._form = form

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
            said = {"at": now.isoformat(), "level": level, "event": event, "text": text, **fields}
            say(json.dumps(said))
            return
        mark = "" if level == "info" else f"{level}: "
        say(f"{now:%Y-%m-%d %H:%M:%S}  {mark}{one_line(text)}")
