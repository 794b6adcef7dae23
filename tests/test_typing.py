"""The public surface as type checkers see it: in what is installed, by mypy and by pyright."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys

import pytest
from places import SUPPORT

CALLS = SUPPORT / "typed_calls.py"
WRONG = {
    number
    for number, line in enumerate(CALLS.read_text(encoding="utf-8").splitlines(), 1)
    if line.endswith("# error")
}


def output_of(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command, str(CALLS)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return done.stdout


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed; it is one of the development tools")


def test_mypy_accepts_the_right_calls_and_no_others(tmp_path):
    needs("mypy")
    text = output_of("mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}")
    assert {int(number) for number in re.findall(r"typed_calls\.py:(\d+): error", text)} == WRONG, text


def test_pyright_accepts_the_right_calls_and_no_others():
    needs("pyright")
    found = json.loads(output_of("pyright", "--outputjson", "--pythonpath", sys.executable))
    errors = [entry for entry in found["generalDiagnostics"] if entry["severity"] == "error"]
    assert {entry["range"]["start"]["line"] + 1 for entry in errors} == WRONG, errors
