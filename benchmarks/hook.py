"""A hook run with nothing to do: ``python -m benchmarks.hook --files 1000``.

Icons that are within their palette, in a git repository, beside the hook ``check-added-large-files`` of
pre-commit-hooks on the same files. The programs take turns; medians.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

_PEER = "check-added-large-files"
_CONFIGURATION = """\
colors: 128
rules:
- {files: 'sprites/**', palette: ['#000000', '#ffffff']}
- {files: ['**/*.icon.png', 'photos/*.{png,webp}'], colors: 16}
- {files: 'icons/**', colors: 64}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hook", description=__doc__)
    parser.add_argument("--files", type=int, default=1000, metavar="N")
    parser.add_argument("--repeat", type=int, default=21, metavar="N")
    arguments = parser.parse_args(argv)
    scripts = Path(sysconfig.get_path("scripts"))
    if not (scripts / _PEER).exists():
        print("pre-commit-hooks is not installed", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        repository = Path(scratch)
        names = _icons(repository, arguments.files)
        (repository / "rules.yaml").write_text(_CONFIGURATION)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            _PEER: [str(scripts / _PEER), *names],
            "kquant hook": [str(scripts / "kquant"), "hook", "--colors", "64", "--", *names],
            "kquant hook, four rules": [
                str(scripts / "kquant"), "hook", "--config", "rules.yaml", "--", *names
            ],
        }  # fmt: skip
        times = _times(commands, repository, arguments.repeat)
    print(f"{arguments.files} icons, {arguments.repeat} repetitions\n")
    print(f"| program | ms | times {_PEER} |")
    print("| --- | --: | --: |")
    for name, seconds in times.items():
        print(f"| {name} | {1000 * seconds:.0f} | {seconds / times[_PEER]:.2f} |")
    return 0


def _icons(repository: Path, count: int) -> list[str]:
    """Names of indexed pictures of 48x48 pixels and at most 64 colours, all committed."""
    (repository / "icons").mkdir()
    random = np.random.default_rng(1)
    names = [f"icons/{number:05}.png" for number in range(count)]
    for name in names:
        blocks = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        blocks.resize((48, 48)).quantize(64).save(repository / name)
    git = ["git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    for command in (["init", "-q"], ["add", "icons"], ["commit", "-qm", "icons"]):
        # S603: the command is made of this module's own words.
        subprocess.run([*git, *command], cwd=repository, check=True)  # noqa: S603
    return names


def _times(commands: Mapping[str, Sequence[str]], folder: Path, repeat: int) -> dict[str, float]:
    """Median seconds of each command, all of which have nothing to do."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            start = perf_counter()
            subprocess.run(command, cwd=folder, check=True)  # noqa: S603  as above
            times[name].append(perf_counter() - start)
    return {name: median(seconds) for name, seconds in times.items()}


if __name__ == "__main__":
    sys.exit(main())
