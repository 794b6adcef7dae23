"""Commands on terminals, as people and as runners of hooks start them."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

# Seconds for what may hang.
_DEADLINE = 60
# The first terminal that the head of a session opens is its own: what is typed there is for it.
_AT_HOME = "import os, sys; os.open(os.ttyname(1), os.O_RDWR); os.execvp(sys.argv[1], sys.argv[1:])"


def shown_by(command: list[str], *, captured: bool = False, code: int = 0, **options) -> str:
    """What a command shows on a terminal.

    Parameters
    ----------
    command : list of str
    captured : bool
        Whether the terminal is not the command's own but there to be read, as pre-commit makes one.
    code : int
        The exit code that is expected.
    **options
        As for ``subprocess.Popen``.
    """
    master, slave = pty.openpty()
    try:
        command = command if captured else [sys.executable, "-c", _AT_HOME, *command]
        running = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, **options
        )
    finally:
        os.close(slave)
    shown = b""
    end = time.monotonic() + _DEADLINE
    while (left := end - time.monotonic()) > 0 and select.select([master], [], [], left)[0]:
        # Both say that the last process at the terminal has ended.
        try:
            read = os.read(master, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    try:
        assert running.wait(_DEADLINE) == code
    finally:
        running.kill()
        running.wait()
        os.close(master)
    return shown.decode(errors="surrogateescape").replace("\r\n", "\n")


def environment(**variables: str) -> dict[str, str]:
    """That of a person at a simple terminal, and these variables."""
    others = {"NO_COLOR", "COLORTERM", "CI", "PRE_COMMIT", "GIT_PREFIX"}
    kept = {key: value for key, value in os.environ.items() if key not in others}
    return kept | {"TERM": "xterm"} | variables


def on_a_terminal(arguments: list[str], face: str = "quantize", **variables: str) -> str:
    """What a face of the command shows on a terminal of its own."""
    command = [sys.executable, "-m", "kquant_hooks", face, *arguments]
    return shown_by(command, env=environment(**variables))
