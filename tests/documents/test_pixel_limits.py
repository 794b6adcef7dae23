"""How many pixels a file may have, in one picture and in all of its frames."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from drawings import FILES
from files import put, rewrite
from gifs import gif_of, plain
from hostile import chunk, directory, outcome_of, png
from photos import draw_photo
from PIL import Image

from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

SIDE = 13_000
HIGHER = "use a higher limit to read it"


def gif(count: int, side: int = SIDE) -> bytes:
    """Frames of one pixel on a large screen."""
    return gif_of((side, side), [plain((0, 0, 1, 1), first=number % 128) for number in range(count)])


def webp(count: int, side: int = SIDE) -> bytes:
    buffer = io.BytesIO()
    draw_photo(4, 4).save(buffer, "WEBP", lossless=True)
    pixels = buffer.getvalue()[12:]
    box = b"".join(number.to_bytes(3, "little") for number in (0, 0, 3, 3, 100)) + b"\2"
    sides = 2 * (side - 1).to_bytes(3, "little")
    body = b"WEBP" + riff(b"VP8X", struct.pack("<I", 2) + sides) + riff(b"ANIM", bytes(6))
    return riff(b"RIFF", body + count * riff(b"ANMF", box + pixels))


def riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def apng(count: int, side: int = SIDE) -> bytes:
    """A default image of the canvas's size, and frames of one pixel."""
    pixels = chunk(b"IDAT", zlib.compress(bytes((3 * 16 + 1) * 16)))
    out = [png(chunk(b"acTL", struct.pack(">II", count, 0)), pixels)[:-12]]
    for number in range(count):
        control = struct.pack(">IIIIIHHBB", 2 * number, 1, 1, 0, 0, 1, 10, 0, 0)
        pixel = struct.pack(">I", 2 * number + 1) + zlib.compress(bytes([0, number % 256, 0, 0]))
        out += [chunk(b"fcTL", control), chunk(b"fdAT", pixel)]
    data = b"".join([*out, chunk(b"IEND", b"")])
    header = struct.pack(">II", side, side) + data[24:29]
    return data[:8] + chunk(b"IHDR", header) + data[33:]


def tiff(count: int, side: int = SIDE) -> bytes:
    """Pages that share a strip."""
    out = bytearray(b"II*\0" + bytes(4) + zlib.compress(bytes(100)))
    link = 4
    for _ in range(count):
        struct.pack_into("<I", out, link, len(out))
        numbers = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 273: 8, 277: 1, 278: side, 279: 12}
        out += directory([(number, 4, 1, value) for number, value in numbers.items()])
        link = len(out) - 4
    return bytes(out)


def fli(count: int, side: int = SIDE) -> bytes:
    frame = struct.pack("<IHH8x", 16, 0xF1FA, 0)
    head = struct.pack("<IHHHHHHI", 128 + 16 * count, 0xAF12, count, side, side, 8, 3, 10)
    return head.ljust(128, b"\0") + frame * (count + 1)


@pytest.mark.parametrize("make", [gif, webp, apng, tiff, fli])
def test_tiny_frames_that_would_fill_the_memory_are_refused(make):
    data = make(100)
    assert len(data) < 30_000
    count = 101 if make is apng else 100
    assert outcome_of(data, "PNG") == (
        f"ValueError: its {count} {'pages' if make is tiff else 'frames'} have {count * SIDE * SIDE} pixels "
        f"in total, more than max-pixels=1000000000; {HIGHER}"
    )


@pytest.mark.parametrize("make", [gif, webp, apng, tiff, fli])
def test_a_single_frame_has_a_limit_too(make):
    outcome = outcome_of(make(1, 13_400), "PNG")
    assert outcome.startswith("ValueError: ")
    assert outcome.endswith(f"pixels are more than max-pixels=178956970; {HIGHER}")


@pytest.mark.parametrize(
    ("name", "count", "pixels"),
    [
        ("rgb.png", 1, 96 * 64),
        ("animated.png", 4, 64 * 48),
        ("animated-default-image.png", 4, 64 * 48),
        ("mixed.gif", 4, 64 * 48),
        ("animated.webp", 4, 64 * 48),
        ("pages.tiff", 3, 40 * 30),
    ],
)
def test_a_limit_that_is_given_is_for_all_frames(name, count, pixels, tmp_path):
    path = put(tmp_path, name)
    reason = rewrite(path, max_pixels=count * pixels - 1).reason
    what = f"{count * pixels} pixels in total," if count > 1 else "96 x 64 pixels are"
    assert reason.endswith(f"{what} more than max-pixels={count * pixels - 1}; {HIGHER}")
    assert path.read_bytes() == FILES[name]()
    assert rewrite(path, max_pixels=count * pixels).status == "rewritten"


def test_a_picture_of_a_gif_that_is_cut_off_at_the_screen_counts_in_full(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(gif_of((8, 8), [plain((0, 0, 8, 8)), plain((0, 0, 90, 90))]))
    assert f"its 2 frames have {64 + 8100} pixels in total" in rewrite(path, max_pixels=8100).reason


def test_a_higher_limit_than_pillows_is_for_one_picture_as_well(tmp_path):
    """One row of 180 million black pixels, one bit each."""
    width = 180_000_000
    header = struct.pack(">IIBBBBB", width, 1, 1, 0, 0, 0, 0)
    data = png()[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    outcome = process(path, Settings(4), Policy())
    assert outcome.reason == f"its {width} x 1 pixels are more than max-pixels=178956970; {HIGHER}"
    outcome = process(path, Settings(4), Policy(max_pixels=width))
    assert outcome.reason == "cannot be decoded: its pixels end before the last row"


@pytest.mark.parametrize(("format_name", "megabytes"), [("GIF", 250), ("PNG", 340), ("WebP", 440)])
def test_memory_is_for_a_few_canvases_whatever_the_number_of_frames(format_name, megabytes):
    # Each takes 36 MB; counting colours takes 64 MB for any size.
    assert outcome_of(gif(16, 3000), format_name, megabytes).startswith("16 frames in ")


def test_the_cost_of_a_long_gif_comment_is_linear():
    comment = b"\x21\xfe" + 2_000_000 * b"\1c" + b"\0"
    data = gif_of((4, 4), [plain((0, 0, 4, 4))], blocks=comment)
    assert outcome_of(data).startswith("1 frames in ")


def test_a_palette_that_frames_share_costs_as_much_as_one():
    tables = 3000 * chunk(b"PLTE", bytes(768))
    data = apng(300, 16)
    offset = data.index(b"IDAT") - 4
    assert outcome_of(data[:offset] + tables + data[offset:]).startswith(("300 frames in ", "Unchanged"))


@pytest.mark.parametrize(
    ("segment", "count", "what"),
    [
        (b"\xff\xda\0\x08\1\1\0\0\x3f\0\0", 1000, "scans"),
        (b"\xff\xe1\0\x09Exif\0\0c", 100_000, "EXIF segments"),
    ],
)
def test_jpegs_whose_segments_would_take_hours_are_refused(segment, count, what):
    buffer = io.BytesIO()
    Image.new("L", (4000, 4000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    offset = data.index(b"\xff\xda") if what == "scans" else 2
    found = count + 6 * (what == "scans")
    assert outcome_of(data[:offset] + segment * count + data[offset:], "PNG") == (
        f"ValueError: cannot be decoded: it has {found} {what}; at most 256 are read"
    )
