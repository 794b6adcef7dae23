"""Tiled TIFFs stay tiled, and directories before the pixels stay there."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from files import rewrite
from PIL import Image
from tiffs import page, tiff_of, tiles_of

from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings


def gradient(width: int, height: int) -> list[bytes]:
    return [bytes((3 * x + 5 * y) % 256 for x in range(width)) for y in range(height)]


def tiled(size: tuple[int, int], tile: tuple[int, int], compression: int = 1, kind: int = 0):
    tags = page(size, {254: (4, [kind]), 322: (3, [tile[0]]), 323: (3, [tile[1]]), 259: (3, [1])})
    return tags, tiles_of(gradient(*size), tile, filling=200)


@pytest.mark.parametrize("colors", [5, 100])
@pytest.mark.parametrize(
    ("size", "tile"), [((100, 70), (32, 16)), ((64, 64), (64, 64)), ((10, 9), (16, 16)), ((96, 33), (16, 32))]
)
def test_tiles_keep_their_size(size, tile, colors, tmp_path):
    path = tmp_path / "tiled.tif"
    path.write_bytes(tiff_of(tiled(size, tile)))
    if colors == 100 and size == (10, 9):
        colors = 20
    assert rewrite(path, colors).status == "rewritten"
    with Image.open(path) as image:
        tags = image.tag_v2
        assert (tags[322], tags[323]) == tile
        assert not {273, 278, 279} & set(tags)
        count = -(-size[0] // tile[0]) * -(-size[1] // tile[1])
        bits = 4 if colors <= 16 else 8
        assert tags[325] == (tile[0] * tile[1] * bits // 8,) * count if count > 1 else True
        assert len(tags[324]) == count
        assert image.size == size
        old = np.array([list(row) for row in gradient(*size)])
        new = np.asarray(image.convert("L")).astype(int)
    # Each level has the same new level everywhere.
    assert all(len(np.unique(new[old == level])) == 1 for level in np.unique(old))
    assert np.abs(new - old).mean() < 256 / colors
    assert rewrite(path, colors).status == "unchanged"


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_last_tiles_are_filled_with_the_last_pixels(order, tmp_path):
    path = tmp_path / "tiled.tif"
    path.write_bytes(tiff_of(tiled((20, 18), (16, 16)), order=order))
    assert rewrite(path, 40).status == "rewritten"
    data = path.read_bytes()
    with Image.open(path) as image:
        places = image.tag_v2[324]
        indices = np.asarray(image)
    stored = [np.frombuffer(data[place : place + 256], np.uint8).reshape(16, 16) for place in places]
    whole = np.vstack([np.hstack(stored[:2]), np.hstack(stored[2:])])
    assert np.array_equal(whole[:18, :20], indices)
    assert (whole[:18, 20:] == whole[:18, 19:20]).all()
    assert (whole[18:] == whole[17]).all()


@pytest.mark.parametrize("name", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiles_keep_their_compression(name, tmp_path):
    """A column of all tiles is a picture whose strips are the tiles."""
    tags, tiles = tiled((50, 40), (16, 16))
    column = Image.frombytes("L", (16, 16 * len(tiles)), b"".join(tiles))
    column.save(tmp_path / "column.tif", compression=name, tiffinfo={278: 16})
    with Image.open(tmp_path / "column.tif") as image:
        numbers = image.tag_v2
        data = (tmp_path / "column.tif").read_bytes()
        blocks = [data[at : at + n] for at, n in zip(numbers[273], numbers[279], strict=True)]
        tags[259] = (3, [numbers[259]])
    path = tmp_path / "tiled.tif"
    path.write_bytes(tiff_of((tags, blocks)))
    assert rewrite(path, 6).status == "rewritten"
    with Image.open(path) as image:
        assert (image.tag_v2[322], image.tag_v2[323], image.info["compression"]) == (16, 16, name)


def overviews(in_front: bool, ghost: bytes = b"") -> bytes:
    pages = [tiled((128, 96), (32, 32)), tiled((64, 48), (32, 32), kind=1), tiled((32, 24), (32, 32), kind=1)]
    return tiff_of(*pages, in_front=in_front, ghost=ghost)


def places_in(path) -> tuple[list[int], list[int]]:
    """Where each directory is, and where its first tile."""
    data = path.read_bytes()
    places, tiles = [], []
    (place,) = struct.unpack_from("<I", data, 4)
    with Image.open(path) as image:
        while place:
            image.seek(len(places))
            places.append(place)
            tiles.append(min(image.tag_v2[324]))
            (count,) = struct.unpack_from("<H", data, place)
            (place,) = struct.unpack_from("<I", data, place + 2 + 12 * count)
    return places, tiles


@pytest.mark.parametrize("in_front", [True, False])
def test_overviews_stay_overviews_and_directories_stay_in_front(in_front, tmp_path):
    path = tmp_path / "cloud.tif"
    path.write_bytes(overviews(in_front))
    assert rewrite(path, 6).status == "rewritten"
    with Image.open(path) as image:
        kinds = []
        for number in range(image.n_frames):
            image.seek(number)
            kinds.append((image.size, image.tag_v2[254]))
    assert kinds == [((128, 96), 0), ((64, 48), 1), ((32, 24), 1)]
    places, tiles = places_in(path)
    if in_front:
        # A reader over a network needs the directories first, then the smallest picture.
        assert places[0] == 8
        assert places == sorted(places)
        assert max(places) < min(tiles)
        assert tiles == sorted(tiles, reverse=True)
    else:
        assert tiles[0] < places[0] < tiles[1]
    assert rewrite(path, 6).status == "unchanged"


def test_the_layout_that_gdal_declares_is_dropped(tmp_path):
    """It lies between the header and the first directory, and is wrong for the new file."""
    path = tmp_path / "cloud.tif"
    ghost = b"GDAL_STRUCTURAL_METADATA_SIZE=000024 bytes\nLAYOUT=IFDS_BEFORE_DATA\n"
    path.write_bytes(overviews(in_front=True, ghost=ghost.ljust(80)))
    assert rewrite(path, 6).status == "rewritten"
    assert b"LAYOUT" not in path.read_bytes()
    assert places_in(path)[0][0] == 8


def test_tiles_that_are_mostly_padding_become_strips(tmp_path):
    """A tiny picture with tiles of 4096 x 4096 pixels would take hundreds of megabytes."""
    path = tmp_path / "filling.tif"
    tags, _ = tiled((20, 20), (4096, 4096))
    path.write_bytes(
        tiff_of((tags, [b"".join(row.ljust(4096, b"\0") for row in gradient(20, 20)).ljust(1 << 24)]))
    )
    assert rewrite(path, 6).status == "rewritten"
    with Image.open(path) as image:
        assert 322 not in image.tag_v2
    assert len(path.read_bytes()) < 10_000


def test_a_tiled_file_is_converted_with_the_same_pixels(tmp_path):
    path, target = tmp_path / "tiled.tif", tmp_path / "out.png"
    path.write_bytes(tiff_of(tiled((50, 40), (16, 16))))
    assert process(path, Settings(256), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        assert image.convert("L").tobytes() == b"".join(gradient(50, 40))
