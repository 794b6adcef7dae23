"""Pictures with missing pixels: Pillow fills these, and kquant refuses the file."""

from __future__ import annotations

import io
import struct

import pytest
from drawings import animated, saved
from files import rewrite
from gifs import Picture, gif_of, plain
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks.assets.convert import convert
from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

SHORT = "cannot be decoded: its pixels end before the last row"


def jpeg(mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    return saved(draw_photo(*size).convert(mode), "JPEG", **options)


def with_shorter_scans(data: bytes, share: float) -> bytes:
    """A JPEG with a part of its last scan, and its end marker."""
    start = data.rindex(b"\xff\xda") + 14
    return data[: start + int(share * (len(data) - 2 - start))] + b"\xff\xd9"


def tiff(compression: str, mode: str = "RGB", **tags: object) -> bytes:
    numbers = {int(name[1:]): value for name, value in tags.items()}
    return saved(draw_photo(24, 16).convert(mode), "TIFF", compression=compression, tiffinfo=numbers)


def with_numbers(data: bytes, **numbers: int) -> bytes:
    """A little-endian TIFF with changed values of tags."""
    out = bytearray(data)
    (offset,) = struct.unpack_from("<I", out, 4)
    (count,) = struct.unpack_from("<H", out, offset)
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        number, kind = struct.unpack_from("<HH", out, at)
        if f"t{number}" in numbers:
            struct.pack_into("<H" if kind == 3 else "<I", out, at + 8, numbers[f"t{number}"])
    return bytes(out)


def half_of_strip(compression: str, mode: str = "RGB", **tags: object) -> bytes:
    data = tiff(compression, mode, **tags)
    with Image.open(io.BytesIO(data)) as image:
        (length,) = image.tag_v2[279]
    return with_numbers(data, t279=length // 2)


def short_gif(missing: int) -> bytes:
    """A GIF of two pictures, of which the second lacks ``missing`` pixels."""
    box = (0, 0, 9, 9)
    return gif_of((9, 9), [plain(box), Picture(box, plain(box, first=7).indices[: 81 - missing])])


def bmp_of_runs(rows: int, size: tuple[int, int] = (8, 8)) -> bytes:
    """A bitmap with runs for eight pixels in each of the first ``rows`` rows."""
    runs = b"".join(bytes([8, 3 * row % 256, 0, 0]) for row in range(rows)) + b"\0\1"
    table = bytes(range(256)) * 4
    offset = 14 + 40 + len(table)
    info = struct.pack("<IiiHHIIiiII", 40, *size, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", offset + len(runs), 0, 0, offset) + info + table + runs


CASES = {
    "JPEG": lambda: with_shorter_scans(jpeg(), 0.5),
    "JPEG, nearly all": lambda: with_shorter_scans(jpeg(), 0.97),
    "JPEG, nothing": lambda: with_shorter_scans(jpeg(), 0),
    "JPEG, gray": lambda: with_shorter_scans(jpeg("L"), 0.9),
    "JPEG, CMYK": lambda: with_shorter_scans(jpeg("CMYK"), 0.9),
    "JPEG, progressive": lambda: with_shorter_scans(jpeg(progressive=True), 0.5),
    "JPEG, restarts": lambda: with_shorter_scans(jpeg(restart_marker_rows=1), 0.5),
    "JPEG, filled up": lambda: with_shorter_scans(jpeg(), 0.5)[:-2] + b"\xff\xff\xff\xd9",
    "TIFF, no strip": lambda: with_numbers(tiff("raw"), t257=32, t278=16),
    "TIFF, JPEG": lambda: half_of_strip("jpeg"),
    "TIFF, group 3": lambda: half_of_strip("group3", "1"),
    "TIFF, group 3 in two dimensions": lambda: with_numbers(tiff("group3", "1", t292=1), t257=32, t278=32),
    "TIFF, group 4": lambda: half_of_strip("group4", "1"),
    "TIFF, group 4 from the right": lambda: half_of_strip("group4", "1", t266=2),
    "TIFF, ended group 4": lambda: with_numbers(tiff("group4", "1"), t257=17, t278=17),
    "TIFF, ended group 3": lambda: with_numbers(tiff("group3", "1"), t257=32, t278=32),
}


@pytest.mark.parametrize("case", CASES)
def test_pixels_that_end_too_soon(case, tmp_path):
    data = CASES[case]()
    path, target = tmp_path / "a", tmp_path / "b.png"
    path.write_bytes(data)
    outcome = process(path, Settings(4), Policy(), target=target)
    assert (outcome.status, outcome.reason) == ("failed", SHORT)
    if not case.startswith("JPEG"):
        assert rewrite(path).reason == SHORT
    assert path.read_bytes() == data
    assert not target.exists()


@pytest.mark.parametrize(
    "data",
    [
        short_gif(1),
        short_gif(81),
        bmp_of_runs(7),
        saved(draw_photo(), "BMP")[:-1],
        saved(draw_photo(), "PPM")[:-1],
        b"P3 4 4 255 " + b"1 2 3 " * 15 + b"1 2",
        b"P1 4 4 " + b"1 " * 15,
        half_of_strip("tiff_lzw"),
        half_of_strip("tiff_adobe_deflate"),
        half_of_strip("packbits"),
        half_of_strip("tiff_ccitt", "1"),
        half_of_strip("group3", "1", t292=1),
        saved(draw_translucent(), "WEBP")[:-2],
        saved(draw_photo(), "TGA")[:-200],
        saved(draw_photo(), "JPEG")[:-2],
    ],
)
def test_files_that_pillow_refuses_are_refused(data, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(data)
    outcome = process(path, Settings(4), Policy(), target=tmp_path / "b.png")
    assert outcome.status == "failed"
    assert outcome.reason.startswith("cannot be")


@pytest.mark.parametrize(
    ("data", "spared"),
    [
        # A GIF with one picture may be complete without its trailer.
        (saved(draw_photo(9, 7), "GIF", comment=b"by hand"), 1),
        (gif_of((8, 8), [plain((0, 0, 8, 8))] * 2), 0),
        (animated("WEBP", lossless=True, quality=0), 0),
        (saved(draw_photo(9, 7), "WEBP", lossless=True, exif=b"Exif\0\0" + bytes(20)), 0),
    ],
)
def test_a_file_that_is_cut_off_anywhere_is_refused(data, spared, tmp_path):
    path = tmp_path / "a"
    after_one_picture = data.rfind(b"\x21\xf9")
    for length in range(12, len(data) - spared, 1 + len(data) // 500):
        path.write_bytes(data[:length])
        assert rewrite(path, 1).status == "failed" or length == after_one_picture, length
    path.write_bytes(data[: len(data) - spared])
    assert rewrite(path).status == "rewritten"


@pytest.mark.parametrize("header", [0, 14])
def test_bitmaps_whose_runs_skip_most_pixels_are_refused(header, monkeypatch):
    data = bmp_of_runs(100, (1_700_000, 100))[header:]
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(ValueError, match=f"its {len(data)} bytes are too few for 170000000 pixels"):
        convert(data, Settings(4), Policy(), "PNG")


# Complete files.


def test_runs_of_a_small_bitmap_may_skip_pixels(tmp_path):
    path = tmp_path / "a.bmp"
    for size in ((8, 8), (2000, 2000)):
        path.write_bytes(bmp_of_runs(size[1], size))
        assert process(path, Settings(4), Policy()).status == "rewritten"


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 17), (50, 31)])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    "options", [{"subsampling": 0}, {"subsampling": 2}, {"restart_marker_blocks": 1}, {"optimize": True}]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_complete_jpegs(size, progressive, options, mode, tmp_path):
    path = tmp_path / "a.jpg"
    for quality in (1, 90):
        data = jpeg(mode, size, progressive=progressive, quality=quality, **options)
        for behind in (b"", b"more", data):
            path.write_bytes(data + behind)
            outcome = process(path, Settings(4), Policy(), target=tmp_path / "out.png", force=True)
            assert outcome.status == "rewritten", outcome.reason


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4", "jpeg"])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (24, 16), (65, 9)])
@pytest.mark.parametrize("tags", [{}, {266: 2}, {292: 1}, {278: 8}])
def test_complete_tiffs(compression, size, tags, tmp_path):
    mode = "RGB" if compression == "jpeg" else "1"
    for image in (draw_photo(*size).convert(mode), Image.new(mode, size), Image.new(mode, size, "white")):
        path = tmp_path / "a.tif"
        path.write_bytes(saved(image, "TIFF", compression=compression, tiffinfo=tags))
        outcome = process(path, Settings(4), Policy(), target=tmp_path / "out.png", force=True)
        assert outcome.status == "rewritten", outcome.reason
