"""The same input and settings give the same bytes, with any number of threads, in any mode or process."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from photos import draw_photo
from PIL import Image
from places import SUPPORT

from kquant_hooks import KMeansQuantize, quantize
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.reduce import reduce
from kquant_hooks.options.settings import Settings

PROGRAM = """
import hashlib
import sys
sys.path.insert(0, sys.argv[1])
from photos import draw_photo, draw_translucent
from kquant_hooks import quantize
digest = hashlib.sha256()
pictures = (draw_photo(480, 360), draw_translucent(150, 100), draw_photo(64, 64).convert("L"))
for image, effort in zip(pictures, ("balanced", "best", "fast")):
    for colors in (3, 40, 256):
        result = quantize(image, colors, effort=effort)
        digest.update(result.image.tobytes() + repr((result.palette, result.mse)).encode())
for image in pictures[:2]:
    result = quantize(image, 40, space="oklab")
    digest.update(result.image.tobytes() + repr((result.palette, result.mse)).encode())
digest.update(repr(quantize(draw_photo(), 9, init="k-means++", seed=3)).encode().split(b"palette")[1])
print(digest.hexdigest())
"""


def digest(**environment: str) -> str:
    command = [sys.executable, "-c", PROGRAM, str(SUPPORT)]
    result = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return result.stdout


def test_threads_and_kernels_of_the_blas_change_nothing():
    expected = digest(OPENBLAS_NUM_THREADS="1")
    assert digest(OPENBLAS_NUM_THREADS="2") == expected
    assert digest(OPENBLAS_NUM_THREADS="7") == expected
    for threads in ("1", "5"):
        assert digest(KQUANT_NUM_THREADS=threads) == expected
    # Sums that are not exact would be rounded differently by other instruction sets.
    assert digest(OPENBLAS_CORETYPE="Nehalem") == expected


def test_a_limit_of_threads_is_kept(monkeypatch):
    started = []
    thread = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: (started.append(self), thread(self))[1])
    monkeypatch.setenv("KQUANT_NUM_THREADS", "1")
    quantize(draw_photo(900, 700), 256)
    assert not started
    monkeypatch.setenv("KQUANT_NUM_THREADS", "3")
    quantize(draw_photo(900, 700), 256)
    assert started


@pytest.mark.parametrize("goal", [None, lambda found: found.mse < 60])
@pytest.mark.parametrize("frames", [1, 2])
def test_the_setting_of_threads_holds_for_files(monkeypatch, frames, goal):
    started = []
    thread = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: (started.append(self), thread(self))[1])
    data = io.BytesIO()
    pictures = [draw_photo(700, 500, seed) for seed in range(frames)]
    pictures[0].save(data, "PNG", save_all=frames > 1, append_images=pictures[1:])
    for threads in (1, 3):
        document = read_document(data.getvalue(), "PNG", 1 << 30)
        list(reduce(document, Settings(9, effort="fast", threads=threads), goal).images())
        assert bool(started) == (threads == 3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the platform cannot bind to a core")
def test_cores_change_nothing():
    photo = draw_photo(640, 480)
    expected = quantize(photo, 256).image.tobytes()
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        assert quantize(photo, 256).image.tobytes() == expected
    finally:
        os.sched_setaffinity(0, cores)


@pytest.mark.parametrize("colors", [2, 7, 100])
def test_equal_pixels_in_any_mode_give_equal_results(colors):
    source = draw_photo().quantize(200)
    rgb = source.convert("RGB")
    padded = Image.frombytes("RGBX", rgb.size, np.asarray(rgb.convert("RGBA")).tobytes())
    results = {
        image.mode: hashlib.sha256(image.filter(KMeansQuantize(colors)).convert("RGB").tobytes()).hexdigest()
        for image in (source, rgb, rgb.convert("RGBA"), padded)
    }
    assert len(results) == 4
    assert len(set(results.values())) == 1
