"""The hook in the hands of the real pre-commit and the real prek, in real repositories.

Their environments are made once a session, with pip from a package index; no other test needs a network.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from drawings import FILES, saved
from files import colors_in, frames_of, timing_of
from photos import draw_photo
from PIL import Image
from repositories import DEADLINE, INSTALLED, SOURCE, Repository, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names and modes of Unix")

TOOLS = ("pre-commit", "prek")


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def source(home) -> Path:
    """A repository that holds what is installed, as it is now."""
    folder = home / "source"
    folder.mkdir()
    for name in INSTALLED:
        copy = shutil.copytree if (SOURCE / name).is_dir() else shutil.copy
        copy(SOURCE / name, folder / name)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=folder, env=environment(home), check=True)
    return folder


@pytest.fixture(params=TOOLS)
def repository(request, tmp_path, source, home) -> Repository:
    return Repository(tmp_path, request.param, source, home)


def test_a_photo_fails_and_is_rewritten_and_passes_once_it_is_added(repository):
    repository.hooks()
    photo = repository.put("assets/hero.png")
    photo.chmod(0o755)
    repository.stage()
    code, output = repository.run("run")
    assert code == 1
    assert "exit code: 1" in output
    assert " -> 256 colours  " in output
    assert "next: git add -- assets/hero.png" in output
    assert colors_in(photo) == 256
    assert repository.changed() == {"assets/hero.png"}
    assert "old mode" not in repository.git("diff")
    repository.stage()
    assert repository.run("run")[0] == 0
    assert stat.S_IMODE(photo.stat().st_mode) == 0o755


def test_long_work_leaves_plain_lines_in_the_report_that_a_terminal_shows(repository):
    repository.hooks()
    photos = [f"{number:02}.png" for number in range(40)]
    for number, name in enumerate(photos):
        repository.put(name, saved(draw_photo(192, 128, seed=number), "PNG"))
    repository.stage()
    # Made for colours, of which a hook that knows of its runner shows none.
    repository.environment |= {"COLORTERM": "truecolor"}
    shown = repository.show("run", "--all-files", code=1)
    report = shown[shown.index("exit code: 1") :]
    lines = [line.strip() for line in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]|\r", "", report).splitlines()]
    said = [line.partition("  ")[0] for line in lines if " -> 256 colours  " in line]
    assert sorted(said) == photos
    assert lines.count(f"next: git add -- {' '.join(said)}") == 1
    assert report.count("next: ") == 1
    assert not {"\u2588", "\u2501"} & set(report)
    assert len(report) < 200 * len(photos)


def test_a_commit_is_stopped_until_the_files_are_added(repository):
    repository.hooks()
    repository.put("hero.png")
    repository.stage()
    assert repository.run("install")[0] == 0
    with pytest.raises(subprocess.CalledProcessError) as caught:
        repository.git("commit", "-m", "first")
    assert "next: git add -- hero.png" in caught.value.stderr + caught.value.stdout
    repository.git("add", "--", "hero.png")
    repository.git("commit", "-m", "second")
    assert repository.git("log", "--format=%s") == "second\n"
    assert repository.git("status", "--porcelain") == ""


def test_the_line_to_type_is_right_in_a_subfolder(repository):
    repository.hooks()
    names = ["top.png", "sub/[id].png"]
    for name in names:
        repository.put(name)
    repository.put("sub/i.png", saved(Image.new("RGB", (9, 9)), "PNG"))
    repository.stage()
    repository.run("install")
    repository.put("sub/i.png", saved(Image.new("RGB", (8, 8)), "PNG"))
    sub = repository.folder / "sub"
    command = ["git", "commit", "-m", "first"]
    done = subprocess.run(command, cwd=sub, env=repository.environment, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = re.findall(r"next: (git add .*)", done.stdout + done.stderr)
    subprocess.run(["bash", "-c", line], cwd=sub, env=repository.environment, check=True)
    assert repository.changed() == {"sub/i.png"}


def test_all_files_pass_the_second_time_whatever_they_are(repository):
    repository.hooks(options='args: [--colors=5, "--"]')
    for name in FILES:
        repository.put(name, FILES[name]())
    for name in ("with space.png", "ümlaut.png", "neue\nzeile.png", "--dash.png", "<b>&.png", "it's.png"):
        repository.put(name)
    repository.stage()
    code, _ = repository.run("run", "--all-files")
    assert code == 1
    assert repository.changed() >= {"--dash.png", "neue\nzeile.png", "with space.png", "ümlaut.png"}
    repository.stage()
    code, output = repository.run("run", "--all-files")
    assert (code, repository.changed()) == (0, set()), output


def test_the_check_has_the_same_verdict_and_writes_nothing(repository):
    repository.hooks("kquant-check")
    photo = repository.put("hero.png")
    repository.put("few.png", saved(Image.new("RGB", (9, 9)), "PNG"))
    repository.stage()
    code, output = repository.run("run", "--all-files")
    assert code == 1
    assert "hero.png" in output
    assert "few.png" not in output
    assert repository.changed() == set()
    repository.git("rm", "-q", "--cached", "hero.png")
    photo.unlink()
    assert repository.run("run", "--all-files")[0] == 0


def test_animations_stay_whole(repository):
    repository.hooks(options='args: [--colors=5, "--"]')
    names = (
        "animated.png",
        "animated-translucent.png",
        "animated.webp",
        "keep.gif",
        "mixed.gif",
        "pages.tiff",
    )
    before = {name: FILES[name]() for name in names}
    for name, data in before.items():
        repository.put(name, data)
    repository.stage()
    assert repository.run("run", "--all-files")[0] == 1
    for name, data in before.items():
        after = (repository.folder / name).read_bytes()
        assert after != data, name
        assert timing_of(after) == timing_of(data), name
        assert len(frames_of(after)) == len(frames_of(data)) > 1, name


def test_jpeg_is_left_alone_with_one_line(repository):
    repository.hooks(options="types_or: [jpeg, png]\nverbose: true")
    path = repository.put("photo.jpg", saved(draw_photo(), "JPEG"))
    before = path.read_bytes()
    repository.stage()
    code, output = repository.run("run", "--all-files")
    assert code == 0
    assert output.count("photo.jpg") == 1
    assert "photo.jpg  skipped: JPEG cannot hold a palette; write a new file, such as a PNG" in output
    assert path.read_bytes() == before


def test_files_that_only_look_like_images(repository):
    repository.hooks(options="verbose: true")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    repository.put("pointer.png", pointer)
    repository.put("really.jpg.png", saved(draw_photo(), "JPEG"))
    repository.put("few.png", saved(Image.new("RGB", (9, 9)), "PNG"))
    (repository.folder / "link.png").symlink_to("few.png")
    (repository.folder / "dangling.png").symlink_to("nowhere")
    repository.stage()
    code, output = repository.run("run", "--all-files")
    assert code == 0
    assert "pointer.png  skipped: it is a Git LFS pointer, not an image; run 'git lfs pull'" in output
    assert "really.jpg.png  skipped: JPEG cannot hold a palette" in output
    assert "Traceback" not in output
    assert repository.changed() == set()
    repository.put("empty.png", b"")
    repository.stage()
    code, output = repository.run("run", "--all-files")
    assert code == 1
    assert "exit code: 3" in output
    assert "kquant: empty.png: it is empty" in output
    assert repository.changed() == set()


def test_a_broken_file_beside_a_good_one(repository):
    repository.hooks()
    good = repository.put("good.png")
    repository.put("broken.png", saved(draw_photo(), "PNG")[:-400])
    repository.stage()
    code, output = repository.run("run")
    assert code == 1
    assert "exit code: 3" in output
    assert "kquant: broken.png: cannot be decoded" in output
    assert "next: git add -- good.png" in output
    assert "Traceback" not in output
    assert colors_in(good) == 256
    assert repository.changed() == {"good.png"}


def test_rules_of_folders(repository):
    repository.hooks()
    repository.put(
        ".kquant.yaml",
        b"colors: 32\nrules:\n- files: sprites/**\n  palette: ['#000000', '#ffffff', '#ff0000']\n"
        b"- files: ['**/*.icon.{png,gif}']\n  colors: 4\n- files: originals/\n  skip: true\n",
    )
    names = ["sprites/deep/a.png", "web/x.icon.png", "originals/a.png", "a.png"]
    paths = [repository.put(name) for name in names]
    repository.stage()
    assert repository.run("run", "--all-files")[0] == 1
    assert [colors_in(path) for path in paths[:2]] == [3, 4]
    assert colors_in(paths[2]) > 1000
    assert colors_in(paths[3]) == 32
    repository.stage()
    assert repository.run("run", "--all-files")[0] == 0


def test_a_mistake_in_the_configuration_stops_with_a_line(repository):
    repository.hooks()
    photo = repository.put("hero.png")
    before = photo.read_bytes()
    repository.put(".kquant.yaml", b"rules:\n- files: '*.png'\n  colors: 300\n")
    repository.stage()
    code, output = repository.run("run")
    assert code == 1
    assert "exit code: 2" in output
    line = "kquant: .kquant.yaml: $.rules[0].colors: expected an integer from 1 to 256, got 300"
    assert output.count(line) == 1
    assert "Traceback" not in output
    assert photo.read_bytes() == before


def test_files_that_are_not_tracked_fail_as_well(repository):
    repository.hooks()
    repository.stage()
    repository.put("new.png")
    assert repository.run("run", "--files", "new.png")[0] == 1
    assert repository.run("run", "--files", "new.png")[0] == 0


def test_what_is_not_staged_is_not_lost(repository):
    repository.hooks()
    photo = repository.put("hero.png")
    repository.stage()
    staged = repository.git("ls-files", "-s")
    later = saved(draw_photo(seed=8), "PNG")
    photo.write_bytes(later)
    assert repository.run("run")[0] == 1
    assert photo.read_bytes() == later
    assert repository.git("ls-files", "-s") == staged


@pytest.mark.parametrize("stage", ["pre-push", "manual", "pre-merge-commit"])
def test_other_stages(repository, stage):
    repository.hooks()
    repository.put("hero.png")
    repository.stage()
    assert repository.run("run", "--all-files", "--hook-stage", stage)[0] == 1


def test_it_can_be_tried_without_a_configuration(repository):
    photo = repository.put("hero.png")
    repository.stage()
    code, output = repository.run("try-repo", str(repository.source), "kquant", "--all-files")
    assert code == 1, output
    assert colors_in(photo) == 256


@pytest.mark.parametrize("tool", TOOLS)
def test_the_manifest_is_valid(tool, home, source):
    command = [tool, "validate-manifest", str(source / ".pre-commit-hooks.yaml")]
    subprocess.run(command, env=environment(home), check=True, timeout=DEADLINE)
