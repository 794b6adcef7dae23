"""The one list of environment variables, and their bad values."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PIL import Image

import kquant_hooks
from kquant_hooks import quantize
from kquant_hooks.cli import main
from kquant_hooks.options.environment import VARIABLES

BAD = ["0", "-2", "many", "1.5", " 3"]


@pytest.mark.parametrize("text", BAD)
def test_a_bad_number_of_threads_is_reported_by_commands_and_functions(text, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KQUANT_NUM_THREADS", text)
    path = tmp_path / "a.png"
    Image.linear_gradient("L").save(path)
    reason = f"KQUANT_NUM_THREADS={text!r}: expected an integer of at least 1; correct or unset it"
    for arguments in (["quantize", str(path)], ["hook", str(path)], ["config", str(path)]):
        assert main(arguments) == 2
        assert capsys.readouterr().err == f"kquant: {reason}\n"
    with pytest.raises(ValueError, match="KQUANT_NUM_THREADS"):
        quantize(Image.effect_noise((256, 256), 50), 4)
    assert quantize(Image.linear_gradient("L"), 4, threads=1).palette is not None


@pytest.mark.parametrize("text", ["", "1", "12"])
def test_good_numbers_of_threads(text, monkeypatch):
    monkeypatch.setenv("KQUANT_NUM_THREADS", text)
    assert quantize(Image.linear_gradient("L"), 4).palette is not None


def test_the_package_reads_no_variable_that_is_not_listed():
    package = Path(kquant_hooks.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                # Worker processes set theirs, and ask for none.
                assert path.parent.name in ("options", "processes"), path
    assert all(VARIABLES.values())
