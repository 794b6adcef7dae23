"""A format that nothing in the package knows needs a codec and one row of the table."""

from __future__ import annotations

import os
import subprocess
import sys

from photos import draw_photo
from places import SUPPORT

PROGRAM = """
from pathlib import Path
from kquant_hooks.formats.table import FORMATS, Format
import made_up

FORMATS["made-up"] = Format(
    name="made-up",
    extensions=(".mu",),
    codec="made_up",
    signatures=({0: made_up.SIGNATURE},),
    kinds=("still",),
)

from kquant_hooks.assets.collect import Destination, collect
from kquant_hooks.assets.process import process
from kquant_hooks.cli import main
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

def quantize(name, colors, target=None, **policy):
    outcome = process(Path(name), Settings(colors), Policy(**policy), target=target and Path(target))
    print(outcome.status, outcome.reason)

quantize("photo.png", 16, "by-name.mu")
quantize("photo.png", 16, "by-option", format="made-up")
quantize("by-name.mu", 16)
quantize("by-name.mu", 5)
quantize("by-name.mu", 5, "back.png")
quantize("photo.png", 16, "photo.xyz")
quantize("clear.png", 16, "clear.mu")
print(*(task.path.name for task in collect([Path(".")], Destination(in_place=True))))
try:
    Policy(format="nothing")
except ValueError as error:
    print(error)
main(["quantize", "--help"])
"""


def test_a_made_up_format_needs_a_codec_and_one_row(tmp_path):
    draw_photo(64, 48).save(tmp_path / "photo.png")
    picture = draw_photo(8, 8).convert("RGBA")
    picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.save(tmp_path / "clear.png")
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == ["rewritten ", "rewritten "]
    assert lines[2] == "unchanged it has 16 colours"
    assert lines[3] == "rewritten "
    assert lines[4].startswith("rewritten")
    assert ".mu" in lines[5]
    assert lines[6] == "failed made-up cannot hold transparency; give another format, such as PNG"
    assert lines[7] == "back.png by-name.mu clear.png photo.png"
    assert "made-up" in lines[8]
    assert "made-up" in " ".join(lines[9:])
