"""A GIF's header sets the size of its screen; only the first picture may enlarge it."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from gifs import Picture, gif_of, loop_block, plain, table_of
from PIL import Image

from kquant_hooks.assets.process import process
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.document import composed_frames
from kquant_hooks.documents.headers import read_header
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings


def composed(data: bytes) -> list[np.ndarray]:
    """Each frame as displayed, as R, G, B, A."""
    document = read_document(data, "GIF", 10**6)
    return [np.asarray(frame.canvas.convert("RGBA")).copy() for frame in composed_frames(document)]


def composed_by_pixel(screen: tuple[int, int], pictures: list[Picture]) -> list[np.ndarray]:
    """The same pixel by pixel, by the rules of the format and of browsers."""
    left, top, width, height = pictures[0].box
    screen = (max(screen[0], left + width), max(screen[1], top + height))
    table = np.frombuffer(table_of(), np.uint8).reshape(-1, 3)
    canvas = np.zeros((screen[1], screen[0], 4), np.uint8)
    frames = []
    for picture in pictures:
        left, top, width, height = picture.box
        before = canvas.copy()
        places = [
            (y, x, picture.indices[(y - top) * width + x - left])
            for y in range(top, min(top + height, screen[1]))
            for x in range(left, min(left + width, screen[0]))
        ]
        for y, x, index in places:
            if index != picture.transparent:
                canvas[y, x] = (*table[index], 255)
        frames.append(canvas.copy())
        if picture.dispose == 3:
            canvas = before
        elif picture.dispose == 2:
            for y, x, _ in places:
                canvas[y, x] = 0
    return frames


def odd_gif(draw: random.Random) -> tuple[tuple[int, int], list[Picture]]:
    """Pictures that lie anywhere: within the screen, over its edges, or outside."""
    screen = (draw.randint(4, 12), draw.randint(4, 12))
    pictures = []
    for _ in range(draw.randint(2, 6)):
        box = (draw.randint(0, 14), draw.randint(0, 14), draw.randint(1, 14), draw.randint(1, 14))
        picture = plain(box, draw.randrange(128), delay=draw.randint(0, 300), dispose=draw.randint(0, 3))
        if draw.random() < 0.6:
            transparent = picture.indices[0]
            indices = bytes(transparent if draw.random() < 0.4 else index for index in picture.indices)
            picture = Picture(box, indices, picture.delay, picture.dispose, transparent)
        pictures.append(picture)
    return screen, pictures


@pytest.mark.parametrize("seed", range(60))
def test_odd_gifs_are_composed_and_rewritten_by_the_rules(seed, tmp_path):
    screen, pictures = odd_gif(random.Random(seed))
    data = gif_of(screen, pictures, blocks=loop_block(seed % 3))
    wanted = composed_by_pixel(screen, pictures)
    for was, now in zip(wanted, composed(data), strict=True):
        assert np.array_equal(np.where(was[..., 3:], was, 0), np.where(now[..., 3:], now, 0))
    path = tmp_path / "odd.gif"
    path.write_bytes(data)
    outcome = process(path, Settings(4), Policy())
    assert outcome.status in ("rewritten", "unchanged"), outcome.reason
    after = path.read_bytes()
    assert read_header(after, "GIF") == read_header(data, "GIF")
    assert all(np.array_equal(a[..., 3], b[..., 3]) for a, b in zip(wanted, composed(after), strict=True))


def beyond_screen() -> bytes:
    return gif_of((40, 40), [plain((0, 0, 40, 40)), plain((35, 30, 10, 10), 50)])


def test_a_picture_is_cropped_to_the_screen(tmp_path):
    path = tmp_path / "out.gif"
    path.write_bytes(beyond_screen())
    assert process(path, Settings(4), Policy()).status == "rewritten"
    after = path.read_bytes()
    assert struct.unpack_from("<HH", after, 6) == (40, 40)
    with Image.open(io.BytesIO(after)) as image:
        image.seek(1)
        assert image.size == (40, 40)
        assert image.dispose_extent == (35, 30, 40, 40)
    for name in ("out.png", "out.webp"):
        assert process(path, Settings(4), Policy(), target=tmp_path / name).status == "rewritten"
        with Image.open(tmp_path / name) as image:
            assert image.size == (40, 40)


def test_a_picture_outside_the_screen_keeps_only_its_duration(tmp_path):
    """At the greatest distance: a screen around it would be 65 635 pixels wide."""
    path = tmp_path / "far.gif"
    far = plain((65535, 65535, 100, 100), delay=70, dispose=2)
    path.write_bytes(gif_of((100, 100), [plain((0, 0, 100, 100)), far, plain((0, 0, 9, 9), 70)]))
    assert process(path, Settings(4), Policy()).status == "rewritten"
    after = path.read_bytes()
    header = read_header(after, "GIF")
    assert (header.sizes, header.delays) == (((100, 100),), (100.0, 700.0, 100.0))
    first, second, _ = composed(after)
    assert np.array_equal(first, second)
    assert process(path, Settings(4), Policy()).status == "unchanged"


def test_the_first_picture_may_enlarge_the_screen(tmp_path):
    path = tmp_path / "first.gif"
    path.write_bytes(gif_of((10, 10), [plain((0, 0, 30, 20)), plain((5, 5, 40, 4), 9)]))
    assert process(path, Settings(4), Policy()).status == "rewritten"
    assert struct.unpack_from("<HH", path.read_bytes(), 6) == (30, 20)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (3, 3, 0, 5)])
def test_a_picture_without_pixels_is_refused(box, tmp_path):
    """Some viewers enlarge it to the screen, others ignore it."""
    path = tmp_path / "none.gif"
    path.write_bytes(gif_of((9, 9), [plain((0, 0, 9, 9)), Picture(box, b"")]))
    outcome = process(path, Settings(4), Policy())
    assert outcome.reason == "cannot be decoded: one of its pictures has no pixels"


@pytest.mark.parametrize("name", [b"NETSCAPE2.0", b"ANIMEXTS1.0"])
@pytest.mark.parametrize(("repeats", "loop"), [(0, 0), (4, 5), (65535, 65536)])
def test_loops_are_found_anywhere_in_the_file(name, repeats, loop, tmp_path):
    """Browsers know both names, and also look for them between the pictures."""
    pictures = [plain((0, 0, 9, 9)), Picture((0, 0, 9, 9), bytes(81), before=loop_block(repeats, name))]
    path = tmp_path / "loop.gif"
    path.write_bytes(gif_of((9, 9), pictures))
    assert process(path, Settings(4), Policy(), target=tmp_path / "out.png").status == "rewritten"
    assert read_header((tmp_path / "out.png").read_bytes(), "PNG").loop == loop
