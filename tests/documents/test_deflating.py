"""Smaller PNGs: the choice of a row filter, and the order of the palette."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import quantize
from kquant_hooks.documents.codecs.deflating import _FILTERS, _deflated, deflated_rows
from kquant_hooks.documents.reindexing import _adjacency, _sifted, _zeng_order, reindexed


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def decoded(deflated: bytes, width: int, height: int) -> np.ndarray:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", deflated) + chunk(b"IEND", b"")
    return np.asarray(Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + data)))


@pytest.mark.parametrize("method", sorted(_FILTERS))
@pytest.mark.parametrize("size", [(1, 1), (3, 7), (64, 5), (65, 9), (200, 33)])
def test_pillow_undoes_every_filter(method, size):
    rows = np.random.default_rng(5).integers(0, 256, size, dtype=np.uint8)
    height, width = size
    assert np.array_equal(decoded(_deflated(rows, range(0, height, 64), 64, method, 6), width, height), rows)


def test_the_best_filter_is_chosen():
    y, x = np.mgrid[0:300, 0:256]
    rows = (x + 3 * y + np.random.default_rng(5).integers(0, 3, x.shape)).astype(np.uint8)
    plain, filtered = (
        deflated_rows(rows.tobytes(), 256, 8, may_filter=may_filter) for may_filter in (False, True)
    )
    assert len(filtered) < 0.7 * len(plain)
    assert np.array_equal(decoded(filtered, 256, 300), rows)
    flat = np.random.default_rng(5).integers(0, 256, (1, 256), dtype=np.uint8).repeat(300, axis=0)
    assert len(deflated_rows(flat.tobytes(), 256, 8, may_filter=True)) < 1000


@pytest.mark.parametrize("colors", [5, 40, 256])
def test_reindexing_changes_no_pixel_and_helps(colors):
    image = quantize(draw_photo(200, 150), colors).image
    other = reindexed(image)
    assert other.convert("RGB").tobytes() == image.convert("RGB").tobytes()
    assert sorted(other.palette.colors) == sorted(image.palette.colors)

    def roughness(indexed: Image.Image) -> int:
        indices = np.asarray(indexed).astype(int)
        return int(np.abs(np.diff(indices)).sum() + np.abs(np.diff(indices, axis=0)).sum())

    assert roughness(other) < roughness(image)


@pytest.mark.parametrize("mode", ["translucent", "transparent"])
def test_alpha_moves_with_its_colours(mode):
    image = draw_photo(200, 150).convert("RGBA")
    if mode == "translucent":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    else:
        image.paste((0, 0, 0, 0), (50, 50, 120, 90))
    indexed = quantize(image, 64).image
    other = reindexed(indexed)
    assert other is not indexed
    assert other.convert("RGBA").tobytes() == indexed.convert("RGBA").tobytes()
    assert isinstance(other.info["transparency"], bytes if mode == "translucent" else int)
    assert other.convert("RGBA").getpixel((60, 60))[3] == indexed.convert("RGBA").getpixel((60, 60))[3]
    if mode == "transparent":
        assert other.info["transparency"] == 0


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_sifting_never_lengthens(count):
    pairs = np.random.default_rng(count).integers(0, 50, (count, count))
    pairs = pairs + pairs.T
    np.fill_diagonal(pairs, 0)

    def length(row: np.ndarray) -> int:
        place = np.argsort(row)
        return int((pairs * np.abs(place[:, None] - place[None])).sum())

    row = _zeng_order(pairs)
    sifted = _sifted(pairs, row)
    assert sorted(sifted) == list(range(count))
    assert length(sifted) <= length(row)


def test_neighbours_are_counted_in_both_directions():
    image = Image.fromarray(np.array([[0, 1, 1], [2, 1, 0]], np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 1, 1, 1, 2, 2, 2])
    # Horizontal: 0-1, 2-1, 1-0; vertical: 0-2, 1-0.
    assert _adjacency(image, 3).tolist() == [[0, 3, 1], [3, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("few", ["colours", "opacity"])
def test_pictures_that_would_not_gain_are_left_alone(few):
    image, colors = (draw_photo(), 4) if few == "colours" else (draw_translucent(), 16)
    indexed = quantize(image, colors).image
    assert reindexed(indexed) is indexed
