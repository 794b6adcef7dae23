"""GIMP's palettes are read as GIMP reads them, and GIMP reads palettes written here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kquant_hooks import Palette

GIMP = shutil.which("gimp-console") or shutil.which("gimp")
pytestmark = pytest.mark.skipif(GIMP is None, reason="GIMP is not installed")

FOLDERS = ("palettes", "brushes", "dynamics", "fonts", "gradients", "patterns", "tool-presets")
# Writes the name of each palette, then its colours and their names.
SCRIPT = """
(let ((out (open-output-file "{output}")))
  (for-each
    (lambda (name)
      (write name out) (newline out)
      (let loop ((index 0))
        (if (< index (car (gimp-palette-get-info name)))
          (begin
            (display (car (gimp-palette-entry-get-color name index)) out) (display " " out)
            (write (car (gimp-palette-entry-get-name name index)) out) (newline out)
            (loop (+ index 1))))))
    (cadr (gimp-palettes-get-list "")))
  (close-output-port out))
"""
MINE = {
    "opaque": Palette(
        ["#ff8000", "#000000", "#ff8000", "#0a0b0c"], ["Orange peel", "", "Größe 12 \U0001f3a8", "7 'a' b"]
    ),
    "large": Palette([(level, 255 - level, 9) for level in range(256)]),
    "names are long": Palette(["#010203"], [255 * "ü"]),
}


@pytest.fixture(scope="module")
def read_by_gimp(tmp_path_factory) -> dict[str, list[tuple[tuple[int, ...], str]]]:
    """The colours and names of all palettes that GIMP finds, its own and ours."""
    home = tmp_path_factory.mktemp("gimp")
    for folder in FOLDERS:
        (home / folder).mkdir()
    for name, palette in MINE.items():
        palette.save(home / "palettes" / f"{name}.gpl")
    output = home / "palettes.txt"
    script = " ".join(SCRIPT.format(output=output).split())
    command = [GIMP, "--no-interface", "--no-fonts", "--batch", script, "--batch", "(gimp-quit 0)"]
    environment = os.environ | {"GIMP2_DIRECTORY": str(home), "HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert output.exists(), done.stdout + done.stderr
    palettes: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    for line in output.read_text("utf-8").splitlines():
        levels, quoted = re.fullmatch(r'(?:\(([\d ]+)\) )?"(.*)"', line).groups()
        name = re.sub(r"\\(.)", r"\1", quoted.replace(r"\t", " "))
        if levels is None:
            entries = palettes.setdefault(name, [])
        else:
            entries.append((tuple(map(int, levels.split())), name))
    return palettes


def entries_of(palette: Palette) -> list[tuple[tuple[int, ...], str]]:
    return [(levels, name or "Untitled") for levels, name in zip(palette, palette.names, strict=True)]


@pytest.mark.parametrize("name", MINE)
def test_gimp_reads_what_is_written(name, read_by_gimp):
    assert read_by_gimp[name] == entries_of(MINE[name])


def test_gimps_palettes_are_read_as_gimp_reads_them(read_by_gimp):
    compared = 0
    for path in Path("/usr/share/gimp").glob("*/palettes/*.gpl"):
        title = re.search("^Name: *(.*?) *$", path.read_text("utf-8"), re.MULTILINE)[1]
        expected = read_by_gimp[title]
        if len({levels for levels, _ in expected}) > 256:
            with pytest.raises(ValueError, match=f"a palette has 1..256 colours, got {len(expected)}$"):
                Palette.load(path)
        elif len(expected) <= 256:
            assert entries_of(Palette.load(path)) == [
                (levels, " ".join(name.split())) for levels, name in expected
            ], path
            compared += 1
    assert compared >= 30
