"""PNGs that are damaged or cut off. Pillow decodes the rest, but rewriting would lose what is missing."""

from __future__ import annotations

import struct
import zlib

import pytest
from files import chunks, put, rewrite
from hostile import chunk, png, rows

from kquant_hooks.assets.process import process
from kquant_hooks.formats.chunks import PNG_SIGNATURE
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

HEADER = (16, 16, 8, 2, 0, 0, 0)
DEFLATED = zlib.compress(rows(16, 16))


def damaged(kind: bytes, content: bytes) -> bytes:
    return chunk(kind, content)[:-1] + b"?"


def with_header(*fields: int) -> bytes:
    header = struct.pack(">IIBBBBB", *fields)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + png()[33:]


def of_pixels(*parts: bytes) -> bytes:
    return png(pixels=b"".join(chunk(b"IDAT", part) for part in parts))


def adam7(height: int) -> bytes:
    """Rows of the seven passes of 16 x 16 interlaced pixels, at most ``height`` rows per pass."""
    shapes = [(2, 2), (2, 2), (4, 2), (4, 4), (8, 4), (8, 8), (16, 8)]
    return zlib.compress(b"".join(rows(width, min(height, count)) for width, count in shapes))


DAMAGED = "cannot be decoded: the checksum of its chunk {!r} is wrong"
CUT_OFF = "cannot be decoded: the file is cut off"
SHORT = "cannot be decoded: its pixels end before the last row"
CASES = {
    "header": (
        PNG_SIGNATURE + damaged(b"IHDR", struct.pack(">IIBBBBB", *HEADER)) + png()[33:],
        DAMAGED.format("IHDR"),
    ),
    "pixels": (png(pixels=damaged(b"IDAT", DEFLATED)), DAMAGED.format("IDAT")),
    "text before": (png(damaged(b"tEXt", b"a\0b")), DAMAGED.format("tEXt")),
    "text behind": (png(after=damaged(b"tEXt", b"a\0b")), DAMAGED.format("tEXt")),
    "end": (png()[:-1] + b"?", DAMAGED.format("IEND")),
    "a type that is not text": (png(damaged(b"\xffa\n\0", b"")), DAMAGED.format("\\xffa\n\0")),
    "without its end": (png()[:-12], CUT_OFF),
    "within its end": (png()[:-3], CUT_OFF),
    "within its pixels": (png()[:-20], CUT_OFF),
    "behind its header": (png()[:33], CUT_OFF),
    "fewer rows": (of_pixels(zlib.compress(rows(16, 15))), SHORT),
    "one byte less": (of_pixels(zlib.compress(rows(16, 16)[:-1])), SHORT),
    "a stream that stops": (of_pixels(DEFLATED[:-20]), SHORT),
    "in several chunks": (of_pixels(b"", DEFLATED[:9], b"", DEFLATED[9:-20]), SHORT),
    "no pixels": (of_pixels(), SHORT),
    "fewer rows of the last pass": (
        with_header(16, 16, 8, 2, 0, 0, 1).replace(chunk(b"IDAT", DEFLATED), chunk(b"IDAT", adam7(7))),
        SHORT,
    ),
    "not a zlib stream": (of_pixels(b"?" + DEFLATED[1:]), "cannot be decoded: its pixels are damaged"),
    "a wrong checksum": (
        of_pixels(DEFLATED[:-1] + b"?"),
        "cannot be decoded: its pixels are damaged",
    ),
    "no width": (with_header(0, *HEADER[1:]), "its header declares 0 x 16 pixels"),
    "too high": (with_header(1, 1 << 31, *HEADER[2:]), "its header declares 1 x 2147483648 pixels"),
    "3 bits": (with_header(16, 16, 3, 2, 0, 0, 0), "3 bits, colour type 2 and methods 0, 0, 0, which PNG"),
    "colour type 5": (with_header(16, 16, 8, 5, 0, 0, 0), "8 bits, colour type 5"),
    "another method": (with_header(16, 16, 8, 2, 1, 0, 0), "methods 1, 0, 0, which PNG does not allow"),
    "another interlacing": (with_header(16, 16, 8, 2, 0, 0, 2), "methods 0, 0, 2, which PNG does not allow"),
    "a second header": (
        png(chunk(b"IHDR", struct.pack(">IIBBBBB", *HEADER))),
        "it must begin with its only header (IHDR)",
    ),
    "no header": (PNG_SIGNATURE + png()[33:], "it must begin with its only header (IHDR)"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_file_is_reported_and_left_alone(case, tmp_path):
    data, reason = CASES[case]
    path, target = tmp_path / "a.png", tmp_path / "b.webp"
    path.write_bytes(data)
    for outcome in (rewrite(path), process(path, Settings(4), Policy(), target=target)):
        assert outcome.status == "failed"
        assert reason in outcome.reason
    assert path.read_bytes() == data
    assert not target.exists()


@pytest.mark.parametrize(
    ("color_type", "samples", "depth"),
    [(kind, 1, depth) for kind in (0, 3) for depth in (1, 2, 4, 8)]
    + [
        (0, 1, 16),
        *((kind, samples, depth) for kind, samples in ((2, 3), (4, 2), (6, 4)) for depth in (8, 16)),
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (9, 17)])
@pytest.mark.parametrize("interlaced", [0, 1])
def test_a_picture_needs_the_bytes_that_its_header_declares(
    color_type, samples, depth, size, interlaced, tmp_path
):
    width, height = size
    starts = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    length = 0
    for left, top, right, down in starts if interlaced else [(0, 0, 1, 1)]:
        columns = len(range(left, width, right))
        length += bool(columns) * len(range(top, height, down)) * (1 + -(-columns * samples * depth // 8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, interlaced))
    table = chunk(b"PLTE", bytes(range(6)))
    path, target = tmp_path / "a.png", tmp_path / "a.webp"
    for missing in (1, 0):
        pixels = chunk(b"IDAT", zlib.compress(bytes(length - missing)))
        path.write_bytes(PNG_SIGNATURE + header + table + pixels + chunk(b"IEND", b""))
        outcome = process(path, Settings(4), Policy(), target=target)
        assert outcome.reason == (SHORT if missing else "")


def test_a_frame_with_fewer_rows_is_refused(tmp_path):
    path = put(tmp_path, "animated.png")
    parts = chunks(path.read_bytes())
    number = next(number for number, (kind, _) in enumerate(parts) if kind == b"fdAT")
    shortened = zlib.compress(zlib.decompress(parts[number][1][4:])[:-1])
    parts[number] = b"fdAT", parts[number][1][:4] + shortened
    path.write_bytes(PNG_SIGNATURE + b"".join(chunk(*part) for part in parts))
    assert rewrite(path).reason == SHORT


def test_data_after_the_last_row_is_accepted(tmp_path):
    path = tmp_path / "a.png"
    for stream in (zlib.compress(rows(16, 20)), DEFLATED + b"more", DEFLATED[:-4]):
        path.write_bytes(of_pixels(stream))
        assert rewrite(path).status == "rewritten"


def icon(picture: bytes, format_name: str) -> bytes:
    """An ICO or ICNS of one PNG, declared as 32 x 32 pixels."""
    if format_name == "ICNS":
        return b"icns" + struct.pack(">I4sI", 16 + len(picture), b"icp5", 8 + len(picture)) + picture
    return struct.pack("<3H4B2H2I", 0, 1, 1, 32, 32, 0, 0, 1, 32, len(picture), 22) + picture


@pytest.mark.parametrize("format_name", ["ICO", "ICNS"])
def test_a_png_in_an_icon_must_be_complete_too(format_name, tmp_path):
    path, target = tmp_path / "a.ico", tmp_path / "b.png"
    rows_of_32 = chunk(b"IDAT", zlib.compress(rows(32, 32)))
    path.write_bytes(icon(png(pixels=rows_of_32, side=32), format_name))
    assert process(path, Settings(4), Policy(), target=target).status == "rewritten"
    for picture, reason in (
        (png(pixels=damaged(b"IDAT", zlib.compress(rows(32, 32))), side=32), DAMAGED.format("IDAT")),
        (png(pixels=chunk(b"IDAT", zlib.compress(rows(32, 31))), side=32), SHORT),
        (png(side=64), "its 64 x 64 pixels are more than max-pixels=2000; use a higher limit to read it"),
    ):
        path.write_bytes(icon(picture, format_name))
        policy = Policy(max_pixels=2000)
        assert process(path, Settings(4), policy, target=target, force=True).reason == reason
