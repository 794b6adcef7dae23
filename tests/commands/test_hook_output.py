"""What the hook prints: as little as says it all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drawings import saved
from files import picture_at
from photos import draw_photo

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.cli import main
from kquant_hooks.report.lines import skip_lines

pytestmark = pytest.mark.usefixtures("repository")

JPEG = "JPEG cannot hold a palette; write a new file, such as a PNG"


def test_files_that_are_skipped_for_one_reason_are_one_line(capsys):
    names = [str(picture_at(f"{number}.png", saved(draw_photo(), "JPEG"))) for number in range(7)]
    pointer = str(picture_at("p.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"))
    photo = str(picture_at("photo.png"))
    assert main(["hook", *names, pointer, photo]) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("photo.png  ")
    assert others == [
        f"7 files (0.png, ...)  skipped: {JPEG}",
        "p.png  skipped: it is a Git LFS pointer, not an image; run 'git lfs pull'",
        "next: git add -- photo.png",
    ]
    assert main(["hook", "-v", *names]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}  skipped: {JPEG}" for name in names]
    assert main(["hook", "-q", *names]) == 0
    assert capsys.readouterr().out == ""


def test_programs_are_told_of_each_file_that_is_skipped(capsys):
    names = [str(picture_at(f"{number}.png", saved(draw_photo(), "JPEG"))) for number in range(3)]
    assert main(["hook", "--json", *names]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(record["path"], record["reason"]) for record in records] == [(name, JPEG) for name in names]


def test_reasons_that_differ_in_a_files_figures_are_one():
    reasons = {
        "a": "it would save 312 bytes, less than min-savings=5%",
        "b": "it would save 7 bytes, less than min-savings=5%",
        "c": "its error would be 31.2 and its PSNR 28.0 dB, worse than min-psnr=36",
        "d": ".kquant.yaml: $.rules[0].skip is true",
        "e": ".kquant.yaml: $.rules[1].skip is true",
        "f": "its error would be 1.5 and its PSNR 30.1 dB, worse than min-psnr=36",
    }
    lines = list(skip_lines(Outcome(Path(name), "skipped", reason) for name, reason in reasons.items()))
    assert lines == [
        f"2 files (a, ...)  skipped: {reasons['a']}",
        f"2 files (c, ...)  skipped: {reasons['c']}",
        f"d  skipped: {reasons['d']}",
        f"e  skipped: {reasons['e']}",
    ]


def test_a_name_in_a_line_of_several_cannot_end_it(capsys):
    names = [str(picture_at(f"{number}\n\x1b[2J.png", saved(draw_photo(), "JPEG"))) for number in range(2)]
    assert main(["hook", *names]) == 0
    assert capsys.readouterr().out == f"2 files (0\\n\\x1b[2J.png, ...)  skipped: {JPEG}\n"
