from __future__ import annotations

import sys
from pathlib import Path

import hypothesis
import pytest
from photos import draw_photo, draw_translucent
from PIL import Image

# How long it takes to draw an example says nothing, on a machine that has other work.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


@pytest.fixture
def photo() -> Image.Image:
    return draw_photo()


@pytest.fixture
def translucent() -> Image.Image:
    return draw_translucent()


@pytest.fixture(autouse=True)
def without_oxipng(monkeypatch, request):
    """The extra changes the bytes of every PNG; only its own tests have it."""
    if "oxipng" not in request.node.name:
        monkeypatch.setitem(sys.modules, "oxipng", None)


@pytest.fixture
def photo_file(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    draw_photo().save(path)
    return path


@pytest.fixture
def assets(tmp_path, monkeypatch) -> Path:
    """A folder of pictures, two levels deep, as the current one."""
    from drawings import saved

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


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """The root of what looks like a repository, as the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def daemon(tmp_path):
    """``kquant watch in out``, not started yet."""
    from daemons import Daemon

    made = Daemon(tmp_path)
    yield made
    made.end()
