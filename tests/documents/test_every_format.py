"""Each format with everything that it can hold, rewritten in place and converted."""

from __future__ import annotations

import io
import struct
import sys

import pytest
from drawings import FILES, gif
from files import (
    K,
    chunks,
    frames_of,
    put,
    rewrite,
    seen_colors,
    timing_of,
)
from helpers import pixels_of, squared_error
from photos import draw_photo
from PIL import Image

from kquant_hooks.assets.process import process
from kquant_hooks.documents.codec import read_document
from kquant_hooks.documents.document import composed_frames
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_rewritten_in_its_own_format_once(name, tmp_path):
    path = put(tmp_path, name)
    before = path.read_bytes()
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("rewritten", "")
    after = path.read_bytes()
    old, new = frames_of(before), frames_of(after)
    with Image.open(io.BytesIO(before)) as image, Image.open(path) as other:
        assert (image.format, image.size) == (other.format, other.size)
    assert timing_of(after) == timing_of(before)
    assert len(seen_colors(new)) <= K < len(seen_colors(old))
    assert outcome.figures.colors_before == len(seen_colors(old)) or "16" in name
    for was, now in zip(old, new, strict=True):
        for (*_, alpha), (*_, alpha_now) in zip(pixels_of(was), pixels_of(now), strict=True):
            if alpha in (0, 255):
                assert alpha_now == alpha
    stamp = path.stat().st_mtime_ns
    assert rewrite(path).status == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (after, stamp)


FEW_COLORS = [
    "gray.png",
    "indexed.png",
    "indexed-alpha.png",
    "still.gif",
    "interlaced.gif",
    "gray.bmp",
    "gray.pgm",
]


@pytest.mark.parametrize("name", FEW_COLORS)
def test_files_with_few_colours_keep_every_byte(name, tmp_path):
    path = put(tmp_path, name)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    distinct = len(seen_colors(frames_of(before[0])))
    assert rewrite(path, distinct).status == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert rewrite(path, distinct - 1).status == "rewritten"


@pytest.mark.parametrize("format_name", ["PNG", "GIF", "WebP", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("name", FILES)
def test_each_file_is_converted_to_each_format_or_refused_by_name(name, format_name, tmp_path):
    path = put(tmp_path, name)
    target = tmp_path / f"out.{format_name.lower()}"
    outcome = process(path, Settings(K), Policy(format=format_name.lower()), target=target)
    if outcome.status == "failed":
        assert format_name in outcome.reason
        assert "cannot hold" in outcome.reason
        assert not target.exists()
        return
    old, new = frames_of(path.read_bytes()), frames_of(target.read_bytes())
    if name == "animated-default-image.png" and format_name != "PNG":
        # Other formats cannot hold the default image.
        old = old[1:]
    assert len(new) == len(old)
    assert len(seen_colors(new)) <= K
    if len(new) > 1 and name != "animated-default-image.png" and format_name != "TIFF":
        assert timing_of(target.read_bytes())[2] == timing_of(path.read_bytes())[2]


# Pillow pastes translucent frames, but the specification blends them.
COMPOSED = {name for name in FILES if "animated" in name or name.endswith(".gif")}
COMPOSED -= {"animated-translucent.png", "animated-over.png"}


@pytest.mark.parametrize("name", sorted(COMPOSED))
def test_frames_are_composed_as_by_pillow(name):
    data = FILES[name]()
    format_name = {"png": "PNG", "gif": "GIF", "webp": "WebP"}[name.rpartition(".")[2]]
    document = read_document(data, format_name, 10**6)
    for wanted, composed in zip(frames_of(data), composed_frames(document), strict=True):
        for before, after in zip(pixels_of(wanted), pixels_of(composed.canvas.convert("RGBA")), strict=True):
            assert before == after or before[3] == after[3] == 0


def test_translucent_frames_over_others_replace_their_boxes(tmp_path):
    path = put(tmp_path, "animated-translucent.png")
    before = [
        composed.canvas.copy() for composed in composed_frames(read_document(path.read_bytes(), "PNG", 10**6))
    ]
    assert any(0 < alpha < 255 and alpha != 140 for _, _, _, alpha in pixels_of(before[-1]))
    assert rewrite(path, 12).status == "rewritten"
    document = read_document(path.read_bytes(), "PNG", 10**6)
    after = [composed.canvas.copy() for composed in composed_frames(document)]
    assert len(seen_colors(after)) <= 12
    for was, now in zip(before, after, strict=True):
        assert squared_error(was, now) < 900


@pytest.mark.parametrize("count", [2, 4, 16, 17, 256])
def test_png_and_bmp_have_the_fewest_bits_and_no_unused_entry(count, tmp_path):
    bits = {2: 1, 4: 2, 16: 4, 17: 8, 256: 8}[count]
    path = tmp_path / "photo.png"
    draw_photo(200, 100).save(path)
    rewrite(path, count)
    found = dict(chunks(path.read_bytes()))
    assert (found[b"IHDR"][8], found[b"IHDR"][9], len(found[b"PLTE"])) == (bits, 3, 3 * count)
    bitmap = tmp_path / "photo.bmp"
    draw_photo(201, 100).save(bitmap)
    rewrite(bitmap, count)
    header = bitmap.read_bytes()[:54]
    assert struct.unpack_from("<H", header, 28)[0] == max(bits, 4) if bits > 1 else 1
    assert struct.unpack_from("<I", header, 46)[0] == count


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_animations_look_the_same_but_for_their_colours(disposal, tmp_path):
    """In every frame, a pixel's new colour depends only on its old one."""
    path = tmp_path / "ball.gif"
    path.write_bytes(gif(disposal))
    old = frames_of(path.read_bytes())
    rewrite(path, 8)
    found: dict[tuple[int, ...], tuple[int, ...]] = {}
    for was, now in zip(old, frames_of(path.read_bytes()), strict=True):
        for before, after in zip(pixels_of(was), pixels_of(now), strict=True):
            assert (before[3] == 0) == (after[3] == 0)
            if before[3]:
                assert found.setdefault(before, after) == after


@pytest.mark.parametrize(
    "name", ["rgb.png", "rgba.png", "animated.png", "animated-default-image.png", "indexed-alpha.png"]
)
def test_oxipng_changes_nothing_but_the_size(name, tmp_path, monkeypatch):
    pytest.importorskip("oxipng")
    path = put(tmp_path, name)
    assert rewrite(path, 20).status == "rewritten"
    smaller = path.read_bytes()
    path = put(tmp_path, name)
    monkeypatch.setitem(sys.modules, "oxipng", None)
    rewrite(path, 20)
    plain = path.read_bytes()
    assert len(smaller) < len(plain)
    for found, wanted in zip(frames_of(smaller), frames_of(plain), strict=True):
        assert found.tobytes() == wanted.tobytes()
    assert timing_of(smaller) == timing_of(plain)
    pixels = {b"IDAT", b"fdAT"}
    carried = [chunk for chunk in chunks(plain) if chunk[0] not in pixels]
    assert sorted(chunk for chunk in chunks(smaller) if chunk[0] not in pixels) == sorted(carried)
