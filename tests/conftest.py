from __future__ import annotations

import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

# How long it takes to draw an example says nothing, on a machine that has other work.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")
ROOT = Path(__file__).parent.parent


def draw_photo(width: int = 96, height: int = 64, seed: int = 7) -> Image.Image:
    """Smooth shapes under noise: thousands of distinct colours, like a small photo."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    layers = [
        128 + 110 * np.sin(7 * x + 3 * y),
        90 + 80 * np.cos(9 * y - 2 * x),
        140 + 100 * np.sin(4 * x * y + 5 * y),
    ]
    pixels = np.stack(layers, axis=2) + rng.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw_translucent(width: int = 96, height: int = 64) -> Image.Image:
    """A disc that is opaque inside, soft at the edge, and hides random colours where it is transparent."""
    image = draw_photo(width, height).convert("RGBA")
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width / 2, y - height / 2)
    alpha = np.clip(255 * (height / 2.5 - radius) / 6, 0, 255).astype(np.uint8)
    image.putalpha(Image.fromarray(alpha))
    return image


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
