"""``kquant quantize`` over many files: where results go and what is said."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from drawings import saved
from files import (
    contents,
    files_in,
    run,
)
from photos import draw_photo
from PIL import Image

from kquant_hooks.cli import main


def test_a_sibling_is_written_beside_each_file_and_a_second_run_has_nothing_to_do(assets, capsys):
    before = contents(assets)
    assert main(["quantize", "assets", "-c", "4"]) == 0
    assert files_in(assets) - set(before) == {"a.kq.png", "b.kq.png", "sub/c.kq.png", "few.kq.png"}
    assert {name: contents(assets)[name] for name in before} == before
    after = contents(assets)
    capsys.readouterr()
    assert main(["quantize", "assets", "-c", "4"]) == 0
    assert contents(assets) == after
    assert re.fullmatch(r"4 files: 4 unchanged  [\d.]+ s\n", capsys.readouterr().out)


def test_other_settings_do_not_overwrite_without_force(assets, capsys):
    main(["quantize", "assets/a.png", "-c", "4"])
    before = (assets / "a.kq.png").read_bytes()
    assert main(["quantize", "assets/a.png", "-c", "5"]) == 3
    assert "already exists with different content; use --force to overwrite it" in capsys.readouterr().err
    assert (assets / "a.kq.png").read_bytes() == before
    assert main(["quantize", "assets/a.png", "-c", "5", "--force"]) == 0
    assert (assets / "a.kq.png").read_bytes() != before


def test_a_folder_keeps_its_tree_in_the_output_folder(assets):
    assert main(["quantize", "assets", "-c", "4", "-o", "out"]) == 0
    assert files_in(assets.parent / "out") == {"a.png", "b.png", "sub/c.png", "few.png"}
    # Results inside the folder are no sources of the next run.
    assert main(["quantize", "assets", "-c", "4", "-o", "assets/small"]) == 0
    before = contents(assets)
    assert main(["quantize", "assets", "-c", "4", "-o", "assets/small"]) == 0
    assert contents(assets) == before


def test_a_suffix_and_a_format_of_ones_own(assets):
    assert (
        main(["quantize", "assets/a.png", "assets/b.jpg", "-c", "4", "--suffix=-small", "--format", "gif"])
        == 0
    )
    assert {"a-small.gif", "b-small.gif"} <= files_in(assets)
    with Image.open(assets / "a-small.gif") as image:
        assert image.format == "GIF"


def test_two_sources_never_share_a_result(assets, capsys):
    (assets / "a.jpg").write_bytes((assets / "b.jpg").read_bytes())
    assert main(["quantize", "assets/a.jpg", "assets/a.png", "-c", "4"]) == 3
    assert "a.png: assets/a.kq.png is already the target of assets/a.jpg" in capsys.readouterr().err


def test_a_source_is_no_target_of_another(assets, capsys):
    Path("more").mkdir()
    Path("more/a.png").write_bytes(saved(draw_photo(seed=9), "PNG"))
    before = Path("more/a.png").read_bytes()
    assert main(["quantize", "assets", "more", "-c", "4", "-o", "more", "--force"]) == 3
    assert "assets/a.png: more/a.png is itself one of the files to quantize" in capsys.readouterr().err
    assert Path("more/a.png").read_bytes() == before


def test_a_pattern_that_finds_earlier_results_is_no_surprise(assets, capsys):
    for _ in range(2):
        names = sorted(str(path) for path in Path("assets").glob("*.png"))
        assert main(["quantize", *names, "-c", "4"]) == 0
    assert files_in(assets) & {"a.kq.png", "a.kq.kq.png", "few.kq.png"} == {"a.kq.png", "few.kq.png"}
    assert "2 files: 2 unchanged" in capsys.readouterr().out


def test_one_file_under_two_names_is_done_once(assets, capsys):
    assert main(["quantize", "assets/a.png", "assets/sub/../a.png", "-c", "4", "--in-place"]) == 0
    assert capsys.readouterr().out.count("a.png") == 1


def test_a_folder_that_cannot_be_read_is_said(assets, capsys, monkeypatch):
    scan = os.scandir

    def closed(path):
        # As root every folder can be read.
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert main(["quantize", "assets", "--check", "-c", "256"]) == 3
    assert capsys.readouterr().err == "kquant: assets/sub: cannot be read: Permission denied\n"


def test_the_same_file_twice_is_done_once(assets, capsys):
    assert (
        main(["quantize", "assets/a.png", "assets/a.png", "assets", "-c", "4", "--in-place", "--json"]) == 0
    )
    paths = [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(paths) == sorted(set(paths))


def test_in_place_rewrites_and_names_what_it_skips(assets, capsys):
    before = contents(assets)
    assert main(["quantize", "assets", "-c", "4", "--in-place", "-v"]) == 0
    lines = capsys.readouterr().out.splitlines()
    sizes = r"[\d.]+ \w+ -> [\d.]+ \w+  -[\d.]+ %  [\d ]+ -> 4 colours  PSNR [\d.]+ dB"
    assert re.fullmatch(rf"assets/a\.png  {sizes}", lines[0])
    assert lines[1] == "assets/b.jpg  skipped: JPEG cannot hold a palette; write a new file, such as a PNG"
    assert lines[2] == "assets/few.png  unchanged: it has 1 colour"
    assert re.fullmatch(rf"assets/sub/c\.png  {sizes}", lines[3])
    assert re.fullmatch(
        r"4 files: 2 rewritten, 1 skipped, 1 unchanged  .* -> .*  -[\d.]+ %  [\d.]+ s", lines[4]
    )
    changed = {name for name, state in contents(assets).items() if state != before[name]}
    assert changed == {"a.png", "sub/c.png"}
    after = contents(assets)
    assert main(["quantize", "assets", "-c", "4", "--in-place"]) == 0
    assert contents(assets) == after


def test_check_has_the_verdict_of_in_place_and_writes_nothing(assets, capsys):
    before = contents(assets)
    assert main(["quantize", "assets", "-c", "4", "--check"]) == 1
    assert capsys.readouterr().out.count("(not written)") == 2
    assert contents(assets) == before
    main(["quantize", "assets", "-c", "4", "--in-place"])
    assert main(["quantize", "assets", "-c", "4", "--check"]) == 0
    (assets / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main(["quantize", "assets", "-c", "2", "--check"]) == 3


def test_a_dry_run_writes_nothing(assets):
    before = contents(assets)
    assert main(["quantize", "assets", "-c", "4", "-n"]) == 0
    assert main(["quantize", "assets", "-c", "4", "-n", "-o", "out"]) == 0
    assert contents(assets) == before
    assert not Path("out").exists()


def test_a_broken_file_does_not_hide_the_others(assets, capsys):
    (assets / "aa.png").write_bytes(saved(draw_photo(), "PNG")[:500])
    assert main(["quantize", "assets", "-c", "4", "--in-place"]) == 3
    captured = capsys.readouterr()
    assert re.fullmatch(r"kquant: assets/aa\.png: cannot be decoded: .*\n", captured.err)
    assert captured.out.count(" colours ") == 2


def test_a_folder_without_pictures_says_so(tmp_path, capsys):
    assert main(["quantize", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "no image files found\n"


def test_json_is_one_object_a_file(assets, capsys):
    main(["quantize", "assets", "-c", "4", "--in-place", "--json"])
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["status"] for record in records] == ["rewritten", "skipped", "unchanged", "rewritten"]
    first = records[0]
    assert first["bytes_after"] == (assets / "a.png").stat().st_size < first["bytes_before"]
    assert (first["colors_after"], len(first["palette"]), first["frames"]) == (4, 4, 1)
    assert first["psnr"] > 10


def test_quiet_says_nothing_but_failures(assets, capsys):
    assert main(["quantize", "assets", "-c", "4", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_order_is_stable_whatever_is_done_first(assets, capsys):
    (assets / "0-large.png").write_bytes(saved(draw_photo(900, 700), "PNG"))
    for jobs in ("1", "2", "5"):
        main(["quantize", "assets", "-c", "4", "-n", "-j", jobs])
        names = re.findall(r"^assets/(\S+)  ", capsys.readouterr().out.replace(" -> ", "  "), re.MULTILINE)
        assert names == ["0-large.png", "a.png", "b.jpg", "few.png", "sub/c.png"]


def test_standard_input_and_output(assets):
    data = (assets / "b.jpg").read_bytes()
    result = run(["-", "-c", "4"], input=data)
    assert result.returncode == 0
    with Image.open(io.BytesIO(result.stdout)) as image:
        assert (image.format, image.mode) == ("PNG", "P")
    assert re.fullmatch(rb"-  [\d.]+ KiB -> .* -> 4 colours  PSNR .*\n", result.stderr)
    named = run(["assets/b.jpg", "-c", "4", "-o", "-", "-q"])
    assert (named.stdout, named.stderr) == (result.stdout, b"")
    written = run(["-", "-c", "4", "-o", "out.png"], input=data)
    assert (written.returncode, Path("out.png").read_bytes()) == (0, result.stdout)
    as_gif = run(["-", "-c", "4", "--format", "gif"], input=data)
    assert as_gif.stdout.startswith(b"GIF89a")
    for wrong in (b"", b"text", data[:800]):
        failed = run(["-"], input=wrong)
        assert (failed.returncode, failed.stdout, failed.stderr.count(b"\n")) == (3, b"", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-", "assets"],
        ["-", "--in-place"],
        ["-", "--check"],
        ["assets", "--in-place", "--format", "png"],
        ["assets", "-o", "assets/a.png"],
        ["assets/a.png", "--suffix", "a/b"],
        ["assets/a.png", "--suffix", ""],
        ["", "--in-place"],
        ["assets/a.png", "-o", ""],
        ["assets/a.png", "-o", "out.gif", "--format", "png"],
        ["-", "-o", "assets"],
    ],
)
def test_contradictions_are_one_line_and_code_2(arguments, assets, capsys):
    before = contents(assets)
    assert main(["quantize", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert contents(assets) == before
