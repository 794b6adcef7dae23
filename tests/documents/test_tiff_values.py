"""Metadata about pixel values is converted for palette indices, or dropped."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from drawings import PROFILE, saved
from files import check_skipped, chunks, rewrite
from gifs import gif_of, plain, table_of
from photos import draw_photo
from PIL import Image
from tiffs import page, tiff_of

from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

GDAL, NODATA, DESCRIPTION = 42112, 42113, 270
WIDTH, HEIGHT = 64, 40


def tag_of(path, number: int) -> object:
    with Image.open(path) as image:
        return image.tag_v2.get(number)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (
            lambda: saved(draw_photo().convert("LA"), "TIFF", tiffinfo={NODATA: "0"}),
            "its nodata value cannot be kept for LA pixels",
        ),
        (
            lambda: saved(draw_photo(), "TIFF", tiffinfo={DESCRIPTION: "<?xml version='1.0'?><OME></OME>"}),
            "its OME-XML would be wrong for palette indices; use --strip to omit such data",
        ),
        (
            lambda: saved(draw_photo(), "TIFF", tiffinfo={GDAL: '<Item name="NODATA_VALUES">0 0 0</Item>'}),
            "its NODATA_VALUES would be wrong for palette indices; use --strip to omit such data",
        ),
        (
            lambda: tiff_of((page((64, 40), {50839: (1, b"IJIJrang\0\0\0\1")}), [bytes(range(256)) * 10])),
            "its ImageJ lookup table would be wrong for palette indices; use --strip to omit such data",
        ),
        (
            lambda: tiff_of((page((64, 40), {37724: (7, b"Adobe Photoshop")}), [bytes(range(256)) * 10])),
            "its Photoshop layers would be wrong for palette indices; use --strip to omit such data",
        ),
        (
            lambda: tiff_of((page((64, 40), {339: (3, [2])}), [bytes(range(256)) * 10])),
            "its signed levels have no scale; convert them to 'L' or 'I;16' first",
        ),
        (
            lambda: tiff_of(
                (page((64, 40)), [bytes(range(256)) * 10]),
                (page((64, 40), {254: (4, [4])}, photometric=4, bits=1), [bytes(320)]),
            ),
            "it has a transparency mask, which would be lost",
        ),
    ],
)
def test_files_with_metadata_that_cannot_be_converted_are_skipped(made, reason, tmp_path):
    path = tmp_path / "asset.tif"
    path.write_bytes(made())
    check_skipped(path, reason)
    if "--strip" in reason:
        assert rewrite(path, strip=True).status == "rewritten"
        assert process(path, Settings(3), Policy(), target=tmp_path / "out.png").status == "rewritten"


def test_gdal_metadata_is_kept_without_statistics(tmp_path):
    path = tmp_path / "map.tif"
    bands = (
        '<Item name="STATISTICS_MEAN" sample="0">9</Item>\n<Item name="S" sample="1" role="scale">2</Item>'
    )
    rest = '<Item name="AREA_OR_POINT">Point</Item><Item name="A" domain="D">x</Item>'
    xml = f"<GDALMetadata>\n{bands}\n{rest}\n</GDALMetadata>\n"
    path.write_bytes(saved(draw_photo(), "TIFF", tiffinfo={GDAL: xml}))
    assert rewrite(path).status == "rewritten"
    assert "".join(tag_of(path, GDAL).split("\n")) == f"<GDALMetadata>{rest}</GDALMetadata>"
    path.write_bytes(saved(draw_photo(), "TIFF", tiffinfo={GDAL: f"<GDALMetadata>{bands}</GDALMetadata>"}))
    assert rewrite(path).status == "rewritten"
    assert tag_of(path, GDAL) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "ImageJ=1.53t\nimages=1\nmin=3.0\nmax=200.0\nunit=micron\n",
            "ImageJ=1.53t\nimages=1\nunit=micron\n",
        ),
        ('{"shape": [64, 96, 3], "axes": "YXS"}', None),
        ('{"shape": [64, 96, 3], "name": "one"}', '{"name": "one"}'),
        ("{a picture}", "{a picture}"),
        ("min=3", "min=3"),
    ],
)
@pytest.mark.parametrize("extension", ["tif", "png"])
def test_descriptions_lose_data_on_values(before, after, extension, tmp_path):
    path, target = tmp_path / "photo.tif", tmp_path / f"out.{extension}"
    path.write_bytes(saved(draw_photo(), "TIFF", tiffinfo={DESCRIPTION: before}))
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        assert image.getexif().get(DESCRIPTION) == after


def test_tags_on_the_display_of_values_are_dropped(tmp_path):
    numbers = (280, 281, 301, 340, 341, 346, 433, 32996)
    path = tmp_path / "old.tif"
    tags = {number: (3, [1, 2, 3]) for number in numbers}
    path.write_bytes(tiff_of((page((64, 40), tags), [bytes(range(256)) * 10])))
    assert rewrite(path).status == "rewritten"
    assert not {number for number in numbers if tag_of(path, number) is not None}


@pytest.mark.parametrize(("bits", "photometric"), [(16, 0), (12, 1), (16, 1)])
def test_levels_of_12_bits_and_inverted_levels_are_converted_as_displayed(bits, photometric, tmp_path):
    gradient = np.linspace(0, (1 << bits) - 1, WIDTH * HEIGHT).astype(int).reshape(HEIGHT, WIDTH)
    if bits == 12:
        digits = np.unpackbits(gradient.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:]
        content = np.packbits(digits).tobytes()
    else:
        content = gradient.astype("<u2").tobytes()
    path, target = tmp_path / "deep.tif", tmp_path / "out.png"
    path.write_bytes(tiff_of((page((WIDTH, HEIGHT), bits=bits, photometric=photometric), [content])))
    assert process(path, Settings(8), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        seen = np.asarray(image.convert("L")).astype(int)
    wanted = gradient * 255 // ((1 << bits) - 1)
    assert np.abs(seen - (255 - wanted if photometric == 0 else wanted)).max() < 24


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with a further chunk after its header."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return data[:33] + struct.pack(">I", len(content)) + kind + content + checksum + data[33:]


def test_a_png_with_a_calibration_of_levels_is_skipped(tmp_path):
    path = tmp_path / "map.png"
    content = b"height\0" + struct.pack(">iiBB", 0, 255, 0, 2) + b"m\x000\x00100"
    path.write_bytes(with_chunk(saved(draw_photo().convert("L"), "PNG"), b"pCAL", content))
    outcome = rewrite(path)
    assert outcome.status == "skipped"
    assert outcome.reason.startswith("its calibration of levels (pCAL) would be wrong for palette indices")
    assert process(path, Settings(5), Policy(), target=tmp_path / "out.webp").status == "rewritten"
    assert rewrite(path, strip=True).status == "rewritten"
    assert b"pCAL" not in path.read_bytes()


def test_png_chunks_about_old_levels_are_dropped(tmp_path):
    path = tmp_path / "old.png"
    old = {b"sBIT": bytes([5, 6, 5]), b"sPLT": b"mine\0\x08" + bytes(6), b"hIST": bytes(512)}
    data = saved(draw_photo(), "PNG")
    for kind, content in old.items():
        data = with_chunk(data, kind, content)
    path.write_bytes(data)
    assert rewrite(path).status == "rewritten"
    assert not set(old) & {kind for kind, _ in chunks(path.read_bytes())}


def test_a_gifs_plain_text_has_its_colours_in_the_new_palette(tmp_path):
    old = table_of()
    words = b"\x21\x01\x0c" + bytes(10) + bytes([100, 3]) + b"\x02hi\0"
    path = tmp_path / "text.gif"
    path.write_bytes(gif_of((30, 30), [plain((0, 0, 30, 30))], blocks=words))
    assert rewrite(path, 4).status == "rewritten"
    after = path.read_bytes()
    offset = after.index(b"\x21\x01\x0c")
    new = np.frombuffer(after[13 : 13 + 12], np.uint8).reshape(4, 3).astype(int)
    for index, color in zip(after[offset + 13 : offset + 15], (100, 3), strict=True):
        distances = ((new - np.frombuffer(old[3 * color : 3 * color + 3], np.uint8)) ** 2).sum(axis=1)
        assert distances[index] == distances.min()


def test_exif_from_other_formats_adds_no_value_tags_to_a_tiff(tmp_path):
    tags = Image.Exif()
    tags[315], tags[NODATA] = "an artist", "3"
    path, target = tmp_path / "photo.png", tmp_path / "out.tif"
    path.write_bytes(saved(draw_photo(), "PNG", exif=tags, icc_profile=PROFILE))
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    assert (tag_of(target, 315), tag_of(target, NODATA)) == ("an artist", None)
