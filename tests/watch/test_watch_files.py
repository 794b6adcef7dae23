"""``kquant watch``: names, links, rules and formats of dropped files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from daemons import DEADLINE, PHOTO, until
from drawings import FILES
from files import colors_in
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and links of Unix")


def test_links_lead_nowhere(daemon):
    (daemon.folder / "secret").mkdir()
    (daemon.folder / "secret/s.jpg").write_bytes(PHOTO)
    (daemon.inbox / "link.jpg").symlink_to(daemon.folder / "secret/s.jpg")
    (daemon.inbox / "folder").symlink_to(daemon.folder / "secret")
    os.mkfifo(daemon.inbox / "pipe.jpg")
    daemon.put("good.jpg")
    daemon.once()
    assert daemon.results() == {"good.png"}


def test_rules_and_the_section_of_the_configuration(daemon):
    (daemon.inbox / ".kquant.yaml").write_text(
        "colors: 9\nwatch: {originals: archive, settle: 100ms}\nrules:\n"
        "- {files: 'sprites/**', palette: ['#000', '#fff']}\n- {files: '*.gif', skip: true}\n"
    )
    for name in ("sprites/a.jpg", "b.jpg", "c.gif"):
        daemon.put(name)
    command = daemon.command("in", "out", "--once")
    assert subprocess.run(command, cwd=daemon.folder, timeout=DEADLINE).returncode == 0
    assert daemon.results() == {"sprites/a.png", "b.png"}
    assert [colors_in(daemon.outbox / name) for name in ("sprites/a.png", "b.png")] == [2, 9]
    assert (daemon.inbox / ".originals/b.jpg").exists()
    assert (daemon.inbox / "c.gif").exists()


def test_what_is_dropped_brings_no_rules(daemon):
    daemon.start()
    for text, name in (("colors: 300", "one"), ("skip: true", "two")):
        (daemon.inbox / name).mkdir()
        (daemon.inbox / name / ".kquant.yaml").write_text(text)
        daemon.put(f"{name}/a.jpg")
    daemon.shows("one/a.png", "two/a.png")
    # Nor does a new configuration in the folder itself: the rules are those of the start.
    (daemon.inbox / ".kquant.yaml").write_text("skip: true")
    daemon.put("three/a.jpg")
    daemon.shows("one/a.png", "two/a.png", "three/a.png")
    assert daemon.stop() == 0


def test_a_name_whose_result_would_have_too_long_a_name(daemon):
    daemon.put("x" * 253 + ".a")
    daemon.put("b.jpg")
    assert daemon.once() == 3
    assert daemon.results() == {"b.png"}
    assert "File name too long" in daemon.events("failed")[0]["text"]


def test_names_of_all_kinds(daemon):
    names = [
        "with space.jpg",
        "-dash.jpg",
        "neue\nzeile.jpg",
        "ümlaut.jpg",
        "<b>.jpg",
        "noending",
        "a.b.c.jpg",
    ]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"caf\xe9.jpg"))
    for name in names:
        daemon.put(name)
    assert daemon.once() == 0
    assert daemon.results() == {name.removesuffix(".jpg") + ".png" for name in names}
    assert daemon.count("published") == len(names)


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked up in /proc")
def test_workers_that_are_killed_cost_no_file(daemon):
    daemon.start("-j", "1")
    for number in range(4):
        daemon.put(f"{number}.jpg")
        daemon.shows(*(f"{done}.png" for done in range(number + 1)))
        # A kill before the worker reports its result costs an attempt, and the next kill another one.
        until(lambda: daemon.count("published") > number)  # noqa: B023  called at once
        children = Path(f"/proc/{daemon.running.pid}/task/{daemon.running.pid}/children").read_text()
        for child in children.split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
    assert daemon.count("failed") == 0


def test_formats_and_animations(daemon):
    for name in ("animated.webp", "keep.gif", "rgb.tif", "rgb.bmp"):
        daemon.put(name, FILES[name]())
    daemon.once("--format", "same")
    assert daemon.results() == {"animated.webp", "keep.gif", "rgb.tif", "rgb.bmp"}
    with Image.open(daemon.outbox / "keep.gif") as image:
        assert image.n_frames == 4
