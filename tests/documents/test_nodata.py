"""Pixels without data, as marked for GDAL, keep an index that no other pixel has."""

from __future__ import annotations

import numpy as np
import pytest
from drawings import saved
from files import rewrite
from photos import draw_photo
from PIL import Image
from tiffs import page, text, tiff_of

from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

GDAL, NODATA, DESCRIPTION = 42112, 42113, 270
WIDTH, HEIGHT = 64, 40


def levels(hole: int, bits: int = 8) -> np.ndarray:
    """A gradient of all levels, with a rectangle of one level."""
    top = (1 << bits) - 1
    values = np.arange(WIDTH * HEIGHT) * (top + 1) // (WIDTH * HEIGHT)
    values = values.reshape(HEIGHT, WIDTH)
    values[values == hole] = (hole + 1) % (top + 1)
    values[10:15, 20:30] = hole
    return values


def packed(values: np.ndarray, bits: int, order: str) -> bytes:
    if bits == 16:
        return values.astype(order + "u2").tobytes()
    digits = np.unpackbits(values.astype(np.uint8)[..., None], axis=2)[..., 8 - bits :]
    return np.packbits(digits.reshape(HEIGHT, -1), axis=1).tobytes()


def tag_of(path, number: int) -> object:
    with Image.open(path) as image:
        return image.tag_v2.get(number)


def indices_of(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "P"
        return np.asarray(image)


GRAY = [
    # bits, photometric interpretation, value, byte order
    (8, 1, 0, "<"),
    (8, 1, 128, ">"),
    (8, 0, 0, "<"),
    (8, 1, 255, "<"),
    (4, 1, 7, "<"),
    (4, 0, 15, "<"),
    (2, 1, 1, "<"),
    (16, 1, 0, "<"),
    (16, 1, 65535, ">"),
    (16, 0, 9, "<"),
    (8, 3, 77, "<"),
    (4, 3, 5, "<"),
]


@pytest.mark.parametrize(("bits", "photometric", "value", "order"), GRAY)
def test_pixels_without_data_have_their_own_index(bits, photometric, value, order, tmp_path):
    stored = levels(value, bits)
    tags = {NODATA: text(str(value))}
    if photometric == 3:
        table = [257 * (level * 37 % 256) for level in range(3 << bits)]
        tags[320] = (3, table)
    made = page((WIDTH, HEIGHT), tags, bits=bits, photometric=photometric)
    path = tmp_path / "map.tif"
    path.write_bytes(tiff_of((made, [packed(stored, bits, order)]), order=order))
    colors = 3 if bits == 2 else 5
    assert rewrite(path, colors).status == "rewritten"
    index = int(tag_of(path, NODATA))
    indices = indices_of(path)
    assert np.array_equal(indices == index, stored == value)
    assert len(np.unique(indices)) == colors
    with Image.open(path) as image:
        seen = image.convert("RGB").getpixel((20, 10))
    level = value * 255 // ((1 << bits) - 1)
    if photometric == 3:
        assert seen == tuple(table[(band << bits) + value] >> 8 for band in range(3))
    else:
        assert seen == 3 * ((255 - level if photometric == 0 else level),)
    after = path.read_bytes()
    assert rewrite(path, colors).status == "unchanged"
    assert path.read_bytes() == after


def test_masked_pixels_do_not_grow(tmp_path):
    """With an unchanged tag, a quarter of this picture would have no data."""
    path = tmp_path / "slope.tif"
    image = Image.linear_gradient("L")
    path.write_bytes(saved(image, "TIFF", tiffinfo={NODATA: "0"}))
    assert rewrite(path, 5).status == "rewritten"
    share = np.mean(indices_of(path) == int(tag_of(path, NODATA)))
    assert share == np.mean(np.asarray(image) == 0)


@pytest.mark.parametrize("extension", ["png", "webp", "gif"])
def test_pixels_without_data_are_transparent_in_other_formats(extension, tmp_path):
    stored = levels(9)
    path, target = tmp_path / "map.tif", tmp_path / f"map.{extension}"
    tags = page((WIDTH, HEIGHT), {NODATA: text("9")})
    path.write_bytes(tiff_of((tags, [packed(stored, 8, "<")])))
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    assert np.array_equal(alpha == 0, stored == 9)
    assert set(np.unique(alpha)) == {0, 255}


def test_three_levels_make_one_value(tmp_path):
    """A pixel of an RGB picture has no data if none of its bands has any."""
    image = draw_photo(WIDTH, HEIGHT)
    image.paste((0, 0, 0), (5, 5, 9, 9))
    image.paste((0, 0, 200), (20, 5, 29, 9))
    path = tmp_path / "photo.tif"
    path.write_bytes(saved(image, "TIFF", tiffinfo={NODATA: "0"}))
    assert rewrite(path, 5).status == "rewritten"
    black = (np.asarray(image) == 0).all(axis=2)
    assert np.array_equal(indices_of(path) == int(tag_of(path, NODATA)), black)


@pytest.mark.parametrize(
    ("value", "kept"), [("-9999", "-9999"), ("nan", "nan"), ("1000", "1000"), ("0.5", "0.5"), ("200", None)]
)
def test_a_value_that_no_pixel_has_stays_unused(value, kept, tmp_path):
    path = tmp_path / "map.tif"
    image = Image.linear_gradient("L").point(lambda level: level // 2)
    path.write_bytes(saved(image, "TIFF", tiffinfo={NODATA: value}))
    assert rewrite(path, 5).status == "rewritten"
    assert tag_of(path, NODATA) == kept
    assert tag_of(path, NODATA) is None or float(kept) not in indices_of(path)


def test_pages_have_their_own_values(tmp_path):
    first, second = levels(0), levels(200)
    pages = [
        (page((WIDTH, HEIGHT), {NODATA: text(v)}), [packed(p, 8, "<")])
        for v, p in (("0", first), ("200", second))
    ]
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff_of(*pages))
    assert rewrite(path, 5).status == "rewritten"
    with Image.open(path) as image:
        for number, (stored, value) in enumerate([(first, 0), (second, 200)]):
            image.seek(number)
            index = int(image.tag_v2[NODATA])
            assert np.array_equal(np.asarray(image) == index, stored == value)
            assert image.convert("RGB").getpixel((20, 10)) == (value,) * 3
