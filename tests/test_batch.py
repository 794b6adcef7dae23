"""``kquant quantize`` over many files: where results go, what is said, and what a crash costs."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import draw_photo
from drawings import FILES, saved
from PIL import Image

from kquant_hooks import batch
from kquant_hooks.assets.crew import Crash, run_each
from kquant_hooks.assets.process import process
from kquant_hooks.cli import main

DEADLINE = 30


@pytest.fixture
def assets(tmp_path, monkeypatch) -> Path:
    """A folder of pictures, two levels deep, as the current one."""
    for name in (
        "assets/a.png",
        "assets/b.jpg",
        "assets/sub/c.png",
        "assets/.hidden/d.png",
        "assets/notes.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(draw_photo(seed=len(name)), "JPEG" if name.endswith("jpg") else "PNG"))
    (tmp_path / "assets/few.png").write_bytes(saved(Image.new("RGB", (9, 9)), "PNG"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "assets"


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in files_in(folder)
    }


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
    assert "exists and is something else; --force overwrites it" in capsys.readouterr().err
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
    assert lines[1] == "assets/b.jpg  skipped: JPEG cannot hold a palette; write another file, such as a PNG"
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


def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "kquant_hooks", "quantize", *arguments]
    return subprocess.run(command, capture_output=True, timeout=DEADLINE, **options)


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


# Processes.


def _crash_on_c(path, *arguments, **options):
    if path.name == "c.png":
        os.kill(os.getpid(), signal.SIGSEGV)
    return process(path, *arguments, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_crashing_decoder_costs_its_file_alone(jobs, assets, capsys, monkeypatch):
    monkeypatch.setattr(batch, "process", _crash_on_c)
    (assets / "z.png").write_bytes((assets / "a.png").read_bytes())
    before = (assets / "sub/c.png").read_bytes()
    assert main(["quantize", "assets", "-c", "4", "--in-place", "-j", jobs]) == 3
    captured = capsys.readouterr()
    assert "sub/c.png: the process that decoded it crashed (SIGSEGV); the file is as it was" in captured.err
    assert captured.out.count(" -> 4 colours") == 2
    assert (assets / "sub/c.png").read_bytes() == before


def _square_or_die(number: int) -> int:
    if number % 5 == 3:
        os._exit(7)
    return number * number


def test_each_item_has_one_result_whatever_dies():
    results = dict(run_each(_square_or_die, range(23), 3))
    assert sorted(results) == list(range(23))
    for number, result in results.items():
        if number % 5 == 3:
            assert isinstance(result, Crash)
            assert result.reason == "exit code 7"
        else:
            assert result == number * number


def _die_before_the_rename(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_kill_9_between_the_temporary_file_and_the_rename(assets, capsys, monkeypatch):
    before = contents(assets)
    monkeypatch.setattr(Path, "replace", _die_before_the_rename)
    assert main(["quantize", "assets", "-c", "4", "--in-place"]) == 3
    assert "SIGKILL" in capsys.readouterr().err
    assert contents(assets) == before


def wait_for(condition) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="interrupts are sent to a group of processes")
@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_far_it_came_and_leaves_nothing(what, assets):
    photo = saved(draw_photo(600, 400), "PNG")
    for number in range(60):
        (assets / f"{number:02}.png").write_bytes(photo)
    names = files_in(assets)
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets", "-c", "99", "--in-place"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    running.stdout.readline()
    os.killpg(running.pid, what)
    _, errors = running.communicate(timeout=DEADLINE)
    assert running.returncode == 130
    assert re.fullmatch(
        rb"kquant: interrupted; \d+ of 64 files were done, and none is half written\n", errors
    )
    assert files_in(assets) == names
    rewritten = sum((assets / f"{number:02}.png").read_bytes() != photo for number in range(60))
    assert 0 < rewritten < 60


@pytest.mark.skipif(sys.platform != "linux", reason="the process is looked up in /proc")
def test_workers_of_a_killed_command_end(assets):
    photo = saved(draw_photo(600, 400), "PNG")
    for number in range(40):
        (assets / f"{number:02}.png").write_bytes(photo)
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets", "-c", "99", "--in-place"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, process_group=0)
    running.stdout.readline()
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    running.kill()
    running.communicate(timeout=DEADLINE)
    assert children
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert not [name for name in files_in(assets) if ".kquant-" in name]


def as_nobody(path: Path) -> str:
    os.setegid(65534)
    os.seteuid(65534)
    outcome = process(path, batch.Settings(4), batch.Policy())
    return f"{outcome.status}: {outcome.reason}"


@pytest.mark.skipif(sys.platform != "linux", reason="permissions of Unix")
def test_a_folder_that_may_not_be_written(assets):
    for folder in (*assets.parents, assets):
        if folder != Path("/") and folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
    # Loaded before permissions are dropped, which may be those of the modules' files.
    assert process(assets / "sub/c.png", batch.Settings(4), batch.Policy()).status == "rewritten"
    if os.geteuid() == 0:
        # Nothing is forbidden to root, so that somebody else has to try.
        for mode in (0o644, 0o666):
            (assets / "a.png").chmod(mode)
            ((_, said),) = run_each(as_nobody, [assets / "a.png"], 1)
            assert said == "failed: cannot be written: Permission denied"
    else:
        assets.chmod(0o555)
        assert main(["quantize", "assets/a.png", "-c", "4", "--in-place"]) == 3
        assets.chmod(0o755)
    assert not [name for name in files_in(assets) if ".kquant-" in name]


# Terminals.


def on_a_terminal(arguments: list[str], **environment: str) -> str:
    """What a command shows on a terminal of its own."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "kquant_hooks", "quantize", *arguments]
    plain = {
        key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLORTERM", "TERM", "CI")
    }
    running = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env={**plain, "TERM": "xterm", **environment}
    )
    os.close(slave)
    shown = b""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
        elif running.poll() is not None:
            break
    assert running.wait(DEADLINE) == 0
    os.close(master)
    return shown.decode()


def test_swatches_on_a_true_colour_terminal_only(assets):
    shown = on_a_terminal(["assets/a.png", "-c", "4"], COLORTERM="truecolor")
    assert len(re.findall(r"\x1b\[38;2;\d+;\d+;\d+m\u2588", shown)) == 4
    assert "\u2588" not in on_a_terminal(["assets/a.png", "-fc4"], TERM="xterm-256color")
    assert "\u2588" not in on_a_terminal(["assets/a.png", "-fc4"], COLORTERM="truecolor", NO_COLOR="1")
    assert "\x1b[38" not in on_a_terminal(["assets/a.png", "-fc4", "--color", "never"], COLORTERM="truecolor")
    piped = run(["assets/a.png", "-fc4", "--color", "always"])
    assert len(re.findall(rb"\x1b\[38;2;\d+;\d+;\d+m", piped.stdout)) == 4
    assert b"\x1b" not in run(["assets/a.png", "-fc4"]).stdout


def test_a_progress_bar_once_the_work_lasts_and_nothing_of_it_in_a_pipe(assets):
    for number in range(24):
        (assets / f"{number:02}.png").write_bytes(saved(draw_photo(600, 400, seed=number), "PNG"))
    arguments = ["assets", "-c", "64", "-n", "-j", "1"]
    shown = on_a_terminal(arguments)
    assert re.search(r"\d+/28", shown)
    assert "saved" in shown
    lines = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]|\r", "", shown)
    assert re.search(r"assets/23\.png -> .* -> 64 colours", lines)
    piped = run(arguments)
    assert piped.stderr == b""
    assert b"saved" not in piped.stdout


def test_a_picture_is_not_written_to_a_terminal(assets):
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets/a.png", "-o", "-"]
    result = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE, timeout=DEADLINE)
    os.close(slave)
    os.close(master)
    assert result.returncode == 2
    assert b"a picture is not written to a terminal" in result.stderr


def test_closed_streams_are_no_traceback(assets):
    program = f"{sys.executable} -m kquant_hooks quantize"
    for command, code in [
        (f"{program} assets/a.png -o 1.png >&-", 0),
        (f"{program} assets/a.png -o 2.png --json >&-", 0),
        (f"{program} assets/a.png -o 3.png 2>&-", 0),
        (f"{program} - -o 4.png <&-", 3),
        (f"{program} assets/a.png -o - | true", 0),
        (f"{program} assets/a.png -o - > /dev/full", 3),
    ]:
        result = subprocess.run(command, shell=True, stderr=subprocess.PIPE, timeout=DEADLINE)
        assert (result.returncode, b"Traceback" in result.stderr) == (code, False), command
    assert files_in(assets.parent) >= {"1.png", "2.png", "3.png"}


@pytest.mark.parametrize("target", ["x" * 300, "x" * 300 + "/", "loop.png", "loop/out.png"])
def test_impossible_targets_are_one_line_and_code_3(target, assets, capsys):
    Path("loop").symlink_to("loop")
    Path("loop.png").symlink_to("loop.png")
    if "." not in target:
        target += "x.png" if target.endswith("/") else ".png"
    assert main(["quantize", "assets/a.png", "-o", target]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_output_to_a_full_disk_is_said(assets):
    if not Path("/dev/full").exists():
        pytest.skip("the platform has no full device")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "kquant_hooks", "quantize", "assets", "-c", "4"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
    assert result.returncode == 3
    assert result.stderr.count(b"\n") == 1
    assert b"cannot write to standard output: No space left on device" in result.stderr
    assert (assets / "sub/c.kq.png").exists()


def test_everything_at_once(tmp_path, capsys):
    for name, made in FILES.items():
        (tmp_path / name).write_bytes(made())
    assert main(["quantize", str(tmp_path), "-c", "5", "--in-place"]) == 0
    before = contents(tmp_path)
    assert main(["quantize", str(tmp_path), "-c", "5", "--in-place"]) == 0
    assert contents(tmp_path) == before
