"""Repositories with the hook, and the tools that run it."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

from drawings import saved
from photos import draw_photo
from places import ROOT
from terminals import shown_by

# Where the sources are, if the tests are not beside them.
SOURCE = Path(os.environ.get("KQUANT_SOURCE", ROOT))
INSTALLED = (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE", "kquant_hooks")
# Seconds; the first run installs.
DEADLINE = 300


def environment(home: Path) -> dict[str, str]:
    """No settings of the user's, and no tool's files but in one folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PREK_HOME": str(home / "prek"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }


class Repository:
    """A repository with the hook, and the tool that runs it."""

    def __init__(self, folder: Path, tool: str, source: Path, home: Path) -> None:
        self.folder, self.tool, self.source = folder, tool, source
        self.environment = environment(home)
        self.git("init", "-q")

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def hooks(self, hook: str = "kquant", options: str = "") -> None:
        """Write the configuration; ``options`` are lines of the hook."""
        revision = self.git("-C", str(self.source), "rev-parse", "HEAD").strip()
        lines = "".join(f"    {line}\n" for line in options.splitlines())
        self.put(
            ".pre-commit-config.yaml",
            f"repos:\n- repo: {self.source}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n{lines}".encode(),
        )

    def put(self, name: str, data: bytes | None = None) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(draw_photo(), "PNG") if data is None else data)
        return path

    def stage(self) -> None:
        self.git("add", "-A")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of the tool."""
        done = subprocess.run(
            [self.tool, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="surrogateescape",
            timeout=DEADLINE,
        )
        return done.returncode, done.stdout

    def show(self, *arguments: str, code: int) -> str:
        """What the tool shows on a terminal."""
        return shown_by(
            [self.tool, *arguments], code=code, cwd=self.folder, env=self.environment | {"TERM": "xterm"}
        )

    def changed(self) -> set[str]:
        """Names of files that differ from the index."""
        return set(filter(None, self.git("diff", "--name-only", "-z").split("\0")))
