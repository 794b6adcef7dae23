"""``kquant hook``: what pre-commit starts, in this process."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import draw_photo
from drawings import FILES, saved
from files import DEADLINE, contents
from PIL import Image

from kquant_hooks.assets import many
from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.cli import main
from kquant_hooks.report.lines import git_add_line

pytestmark = pytest.mark.usefixtures("repository")


def put(name: str, data: bytes | None = None) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(draw_photo(), "PNG") if data is None else data)
    return path


def colors_in(path: Path | str) -> int:
    with Image.open(path) as image:
        return len(image.convert("RGBA").getcolors(1 << 20))


def test_a_file_with_too_many_colours_is_rewritten_once(capsys):
    put("assets/hero.png")
    assert main(["hook", "assets/hero.png"]) == 1
    line, following = capsys.readouterr().out.splitlines()
    assert line.startswith("assets/hero.png  ")
    assert " -> 256 colours  " in line
    assert following == "next: git add -- assets/hero.png"
    assert colors_in("assets/hero.png") == 256
    before = contents(Path("assets"))
    assert main(["hook", "assets/hero.png"]) == 0
    assert capsys.readouterr() == ("", "")
    assert contents(Path("assets")) == before


def test_the_check_has_the_same_verdict_and_writes_nothing(capsys):
    put("a.png")
    put("b.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    before = contents(Path())
    assert main(["hook", "--check", "a.png", "b.png"]) == 1
    captured = capsys.readouterr()
    assert "(not written)" in captured.out
    assert "git add" not in captured.out
    assert "kquant hook" in captured.out
    assert contents(Path()) == before
    assert main(["hook", "--check", "b.png"]) == 0
    assert main(["hook", "a.png", "b.png"]) == 1
    assert main(["hook", "--check", "a.png", "b.png"]) == 0


def test_rules_and_flags(capsys):
    for name in ("sprites/a.png", "photos/a.png", "a.png"):
        put(name)
    Path(".kquant.yaml").write_text(
        "colors: 9\nrules:\n- files: sprites/**\n  palette: ['#000', '#fff']\n"
        "- files: photos/**\n  skip: true\n"
    )
    names = ["sprites/a.png", "photos/a.png", "a.png"]
    assert main(["hook", *names]) == 1
    assert "photos/a.png  skipped: .kquant.yaml: $.rules[1].skip says so\n" in capsys.readouterr().out
    with Image.open("sprites/a.png") as image:
        assert {color for _, color in image.convert("RGB").getcolors()} == {(0, 0, 0), (255, 255, 255)}
    assert colors_in("a.png") == 9
    assert colors_in("photos/a.png") > 1000
    assert main(["hook", *names]) == 0
    assert main(["hook", "--colors", "4", *names]) == 1
    assert colors_in("a.png") == 4


def test_a_broken_file_neither_hides_nor_stops_the_others(capsys):
    put("a.png")
    put("broken.png", saved(draw_photo(), "PNG")[:-40])
    put("z.png")
    assert main(["hook", "a.png", "broken.png", "z.png"]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("kquant: broken.png: ")
    assert captured.err.count("\n") == 1
    assert captured.out.splitlines()[-1] == "next: git add -- a.png z.png"
    assert main(["hook", "a.png", "z.png"]) == 0


ODD = {
    "lfs.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "empty.png": b"",
    "text.png": b"hello\n",
    "photo.png": saved(draw_photo(), "JPEG"),
}


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("lfs.png", 0, "lfs.png  skipped: it is a Git LFS pointer, not an image; run 'git lfs pull'"),
        ("empty.png", 3, "kquant: empty.png: it is empty"),
        ("text.png", 3, "kquant: text.png: not an image in a known format"),
        ("photo.png", 0, "photo.png  skipped: JPEG cannot hold a palette; write another file, such as a PNG"),
        ("missing.png", 3, "kquant: missing.png: cannot be read: No such file or directory"),
        (".", 3, "kquant: .: it is a folder"),
    ],
)
def test_what_only_looks_like_an_image_is_one_line(name, code, line, capsys):
    for odd, data in ODD.items():
        put(odd, data)
    before = contents(Path())
    assert main(["hook", name]) == code
    captured = capsys.readouterr()
    assert captured.out + captured.err == f"{line}\n"
    assert contents(Path()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_links_and_pipes(capsys):
    put("a.png")
    before = Path("a.png").read_bytes()
    Path("link.png").symlink_to("a.png")
    os.mkfifo("pipe.png")
    assert main(["hook", "link.png"]) == 0
    assert "skipped: it is a symbolic link" in capsys.readouterr().out
    assert main(["hook", "pipe.png"]) == 3
    assert capsys.readouterr().err == "kquant: pipe.png: it is no regular file\n"
    assert Path("a.png").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="modes of Unix")
def test_the_mode_stays():
    put("a.png").chmod(0o755)
    assert main(["hook", "a.png"]) == 1
    assert stat.S_IMODE(Path("a.png").stat().st_mode) == 0o755


def test_names_of_all_kinds(capsys):
    names = ["--dash.png", "-c.png", "with space.png", "ümlaut.png", "it's.png", "neue\nzeile.png", "<b>.png"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"caf\xe9.png"))
    for name in names:
        put(name)
    assert main(["hook", "--colors", "5", "--", *names]) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert len(captured.out.splitlines()) == len(names) + 1
    assert [colors_in(name) for name in names] == [5] * len(names)


def test_a_name_that_looks_like_a_flag_is_refused_with_the_way_out(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["hook", "--dash.png"])
    assert caught.value.code == 2
    with pytest.raises(SystemExit):
        main(["hook", "--help"])
    assert "end 'args' with '--'" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
def test_the_line_to_type_is_right_in_a_shell():
    names = ["-a.png", "with space.png", "it's $HOME.png", "neue\nzeile.png", "tab\t'q'\\.png", "ü\u200b.png"]
    names += [os.fsdecode(b"caf\xe9\n.png")]
    line = git_add_line([Path(name) for name in names])
    assert "\n" not in line
    script = line.replace("git add --", "printf '%s\\0'", 1)
    printed = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert printed == b"".join(os.fsencode(name) + b"\0" for name in names)
    assert shlex.split(git_add_line([Path("a.png")])) == ["git", "add", "--", "a.png"]


ODD_FOR_GIT = ["*.png", "[1].png", ":!b.png", ":x.png", "what?.png", "plain.png", "it's [a].png"]


def git(*arguments: str, folder: str = ".") -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
@pytest.mark.parametrize("folder", [".", "sub"])
def test_the_line_to_type_stages_these_files_and_no_others(folder):
    Path(".git").rmdir()
    git("init", "-q")
    for name in [*ODD_FOR_GIT, "1.png", "b.png", "x.png", "a.png"]:
        put(f"sub/{name}", b"")
    put("1.png", b"")
    names = ODD_FOR_GIT if folder == "." else [f"sub/{name}" for name in ODD_FOR_GIT]
    line = git_add_line([Path(name) for name in names], from_top=folder == "sub")
    subprocess.run(["bash", "-c", line], cwd="sub", check=True)
    staged = git("ls-files", "-z").split("\0")
    assert sorted(filter(None, staged)) == sorted(f"sub/{name}" for name in ODD_FOR_GIT)


def test_hundreds_of_files_are_not_all_named():
    line = git_add_line([Path(f"{number}.png") for number in range(300)])
    assert line == "git add the 300 files above ('git add -u': all that is changed)"


def test_a_file_given_twice_is_done_once(capsys):
    put("a.png")
    assert main(["hook", "a.png", "a.png"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_without_files_there_is_nothing_to_do(capsys):
    assert main(["hook"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_second_run_passes_whatever_the_format(name):
    path = put(name, FILES[name]())
    assert main(["hook", "--colors", "5", name]) in (0, 1)
    before = path.read_bytes()
    assert main(["hook", "--colors", "5", name]) == 0
    assert path.read_bytes() == before


def test_unchanged_files_are_said_if_asked_for(capsys):
    put("few.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    assert main(["hook", "-v", "few.png"]) == 0
    assert capsys.readouterr().out == "few.png  unchanged: it has 1 colour\n"


def test_quiet_says_failures_only(capsys):
    put("a.png")
    put("empty.png", b"")
    assert main(["hook", "-q", "a.png", "empty.png"]) == 3
    assert capsys.readouterr() == ("", "kquant: empty.png: it is empty\n")


def test_programs_read_json(capsys):
    put("a.png")
    put("few.png", saved(Image.new("RGB", (5, 5)), "PNG"))
    assert main(["hook", "--json", "a.png", "few.png"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ['"status": "rewritten"' in lines[0], '"status": "unchanged"' in lines[1]] == [True, True]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--colors", "300"], "colors=300 is outside 1..256"),
        (["--jobs", "0"], "--jobs 0 is not an integer from 1"),
        (["--config", "none.yaml"], "none.yaml: there is no such file"),
        (["--config", ""], ".: it is no regular file"),
        (
            ["--min-savings", "9" * 400 + "KiB"],
            f"min-savings='{'9' * 400}KiB' is not a size such as 1KiB or 5%",
        ),
        (["--colors", "auto"], "colors='auto' needs a max-error or a min-psnr to meet"),
    ],
)
def test_wrong_flags_are_one_line_and_nothing_is_written(arguments, message, capsys):
    before = put("a.png").read_bytes()
    assert main(["hook", *arguments, "a.png"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"kquant: {message}\n")
    assert Path("a.png").read_bytes() == before


def test_wrong_flags_are_wrong_without_files_too(capsys):
    assert main(["hook", "--colors", "300"]) == 2
    assert capsys.readouterr().err == "kquant: colors=300 is outside 1..256\n"


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
def test_a_stderr_that_is_full_stops_nothing():
    put("a.png")
    command = [sys.executable, "-m", "kquant_hooks", "hook", "missing.png", "a.png"]
    with FULL.open("w") as full:
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=full, timeout=DEADLINE)
        wrong = subprocess.run([*command, "--config", "x"], stderr=full, timeout=DEADLINE)
    assert (result.returncode, wrong.returncode) == (3, 2)
    assert colors_in("a.png") == 256


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    "arguments", [["config", "--schema"], ["config", "a.png"], ["hook", "--explain", "a.png"], ["--version"]]
)
def test_what_could_not_be_printed_is_no_success(arguments):
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "kquant_hooks", *arguments]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
    assert result.returncode == 3
    assert result.stderr == b"kquant: cannot write to standard output: No space left on device\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the current folder cannot be removed")
def test_a_current_folder_that_is_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone}; rmdir {gone}; {sys.executable} -c 'from kquant_hooks.cli import main; import sys; "
    script += 'sys.exit(main(["hook", "/a.png"]))\''
    result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=DEADLINE, cwd=tmp_path)
    assert (result.returncode, result.stderr.count(b"\n")) == (3, 1)


@pytest.mark.parametrize(("kind", "mode"), [("pgm", "L"), ("pbm", "1")])
def test_a_palette_that_the_format_cannot_hold_is_a_reason_to_skip(kind, mode, capsys):
    path = put(f"a.{kind}", saved(draw_photo().convert(mode), "PPM"))
    before = path.read_bytes()
    assert main(["hook", "--palette", "#f00,#00f", str(path)]) == 0
    assert f"skipped: {kind.upper()} cannot hold the colours of this palette" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_the_check_knows_what_cannot_be_written(monkeypatch, capsys):
    put("a.png")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "a.png")
    for flags in ([], ["--check"]):
        assert main(["hook", *flags, "a.png"]) == 3
        assert capsys.readouterr().err == "kquant: a.png: cannot be written: Permission denied\n"


def _crash_on_b(job):
    if job.path.name == "b.png":
        os.kill(os.getpid(), signal.SIGSEGV)
    return many.process(job.path, job.settings, job.policy)


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_a_crashing_decoder_costs_its_file_alone(monkeypatch, capsys):
    monkeypatch.setattr(many, "_work", _crash_on_b)
    for name in ("a.png", "b.png", "c.png"):
        put(name)
    assert main(["hook", "-c", "3", "a.png", "b.png", "c.png"]) == 3
    captured = capsys.readouterr()
    assert "b.png: the process that decoded it crashed (SIGSEGV)" in captured.err
    assert captured.out.splitlines()[-1] == "next: git add -- a.png c.png"


def _threads_of(path, *_arguments, **_options):
    return Outcome(path, "skipped", os.environ.get("OPENBLAS_NUM_THREADS", "any"))


@pytest.mark.skipif(sys.platform != "linux", reason="only forked workers see what a test changes")
def test_other_hooks_are_left_their_cores(monkeypatch, capsys):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setattr(many, "process", _threads_of)
    put("a.png")
    assert main(["hook", "a.png"]) == 0
    assert capsys.readouterr().out == "a.png  skipped: 1\n"


def test_results_do_not_depend_on_the_batch():
    names = [f"{number}.png" for number in range(4)]
    for number, name in enumerate(names):
        put(name, saved(draw_photo(seed=number), "PNG"))
        put(f"alone/{name}", saved(draw_photo(seed=number), "PNG"))
    assert main(["hook", "-c", "7", "-j", "2", *reversed(names)]) == 1
    for name in names:
        assert main(["hook", "-c", "7", f"alone/{name}"]) == 1
        assert Path(name).read_bytes() == Path("alone", name).read_bytes()


HEAVY = {"numpy", "PIL", "rich", "watchdog", "multiprocessing", "yaml", "wcmatch", "tempfile", "json"}


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Unix")
@pytest.mark.parametrize("configuration", [None, "rules: [{files: '*.png', colors: 8}]"])
def test_nothing_to_do_loads_nothing(configuration):
    data = saved(Image.linear_gradient("L").quantize(8), "PNG")
    names = [str(put(f"{number}.png", data)) for number in range(20)]
    heavy = set(HEAVY)
    if configuration is not None:
        Path(".kquant.yaml").write_text(configuration)
        heavy -= {"yaml", "wcmatch"}
    program = (
        "import sys; from kquant_hooks.cli import main; code = main(sys.argv[1:]); "
        f"print(code, *{heavy!r} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, "hook", *names]
    # On a terminal a progress bar would be drawn, if there were work.
    _, terminal = os.openpty()
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True, timeout=DEADLINE
    )
    os.close(terminal)
    assert result.stdout.split() == ["0"]


def test_large_indexed_files_are_judged_by_head_and_end():
    whole = saved(Image.effect_noise((600, 400), 50).quantize(64), "PNG")
    assert len(whole) > 1 << 16
    put("whole.png", whole)
    put("cut.png", whole[:-1000])
    assert main(["hook", "-c", "64", "whole.png"]) == 0
    assert main(["hook", "-c", "64", "cut.png"]) == 3
    assert main(["hook", "-c", "63", "whole.png"]) == 1
    assert colors_in("whole.png") == 63


@pytest.mark.skipif(sys.platform != "linux", reason="interrupts are sent to a group of processes")
def test_an_interrupt_leaves_nothing_half_written():
    photo = saved(draw_photo(600, 400), "PNG")
    names = [str(put(f"{number:02}.png", photo)) for number in range(40)]
    command = [sys.executable, "-m", "kquant_hooks", "hook", "-c", "99", *names]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    running.stdout.readline()
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=DEADLINE)
    assert (running.returncode, errors) == (130, b"kquant: interrupted; no file is half written\n")
    assert {str(path) for path in Path().iterdir()} == {".git", *names}
    for name in names:
        assert Path(name).read_bytes() == photo or colors_in(name) == 99
