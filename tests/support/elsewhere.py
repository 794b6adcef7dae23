"""``kquant`` on a system that has what another one has, as far as this one can be made to: run by tests.

``KQUANT_TEST_PLATFORM`` says which. Worker processes import this module as well, so that they lack the same.
"""

from __future__ import annotations

import importlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import multiprocessing.popen_spawn_posix
import os
import pkgutil
import signal
import sys

# What looks at the system when it is loaded, loaded before the system changes.
import numpy  # noqa: F401
import PIL.Image  # noqa: F401
import rich.console  # noqa: F401
import watchdog.observers  # noqa: F401

_POSIX_ONLY = {
    os: (
        *("chown", "fchown", "lchown", "fork", "getuid", "geteuid", "getgid", "getegid", "killpg", "mkfifo"),
        *("listxattr", "getxattr", "setxattr", "removexattr", "sched_getaffinity", "statvfs", "fstatvfs"),
        *("uname", "setsid", "getpgid", "getpgrp", "nice", "major", "minor", "O_NONBLOCK", "O_NOFOLLOW"),
        *("O_DIRECTORY", "O_CLOEXEC", "O_PATH", "O_TMPFILE", "EX_OK", "EX_USAGE", "openpty"),
        *("posix_fallocate", "posix_fadvise", "sendfile", "sync", "fdatasync", "fchdir", "getpriority"),
    ),
    signal: (
        *("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGCHLD", "SIGXCPU", "SIGQUIT"),
        *("pthread_sigmask", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK", "alarm", "setitimer", "sigwait"),
        *("siginterrupt",),
    ),
}  # fmt: skip
_LINUX_ONLY = (
    *("listxattr", "getxattr", "setxattr", "removexattr", "sched_getaffinity", "O_PATH", "O_TMPFILE"),
    *("posix_fallocate", "posix_fadvise", "fdatasync", "copy_file_range", "memfd_create", "pipe2"),
)
_ABSENT = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix")


class PipeConnection:
    """An end of a pipe that is of no type that is known here."""

    def __init__(self, end):
        for name in ("send", "recv", "send_bytes", "recv_bytes", "poll", "close", "fileno"):
            setattr(self, name, getattr(end, name))
        self._end = end

    def __reduce__(self):
        return PipeConnection, (self._end,)


def _pipe(_context, duplex=True):
    return tuple(map(PipeConnection, multiprocessing.connection.Pipe(duplex)))


def without(module, names):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)


def become_macos():
    import fcntl

    without(os, _LINUX_ONLY)
    # A call that this system refuses, as some file systems do there.
    fcntl.F_FULLFSYNC = 51
    sys.platform = "darwin"


def become_windows():
    for module, names in _POSIX_ONLY.items():
        without(module, names)
    for name in _ABSENT:
        sys.modules[name] = None
    for supported in ("supports_dir_fd", "supports_follow_symlinks", "supports_fd", "supports_effective_ids"):
        setattr(os, supported, set())
    multiprocessing.context.BaseContext.Pipe = _pipe
    sys.platform = "win32"


def import_everything():
    import kquant_hooks

    for module in pkgutil.walk_packages(kquant_hooks.__path__, "kquant_hooks."):
        importlib.import_module(module.name)


{"darwin": become_macos, "win32": become_windows}[os.environ["KQUANT_TEST_PLATFORM"]]()

if __name__ == "__main__":
    if sys.argv[1:] == ["--import-everything"]:
        import_everything()
    else:
        from kquant_hooks.cli import main

        sys.exit(main())
