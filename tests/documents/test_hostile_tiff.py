"""TIFFs and EXIF structures whose offsets make them expand, or loop for ever."""

from __future__ import annotations

import struct
import zlib

import pytest
from hostile import chunk, directory, outcome_of, png, size_of
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from kquant_hooks.assets.convert import convert
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

SIDE = 16
PIXELS = bytes(5 * index % 256 for index in range(SIDE * SIDE))
EXIF, GPS, ARTIST, PRIVATE = 34665, 34853, 315, 40000
DIRECTORY_OFFSET = 8 + len(PIXELS)
SHARE = "its tags share content that would expand to more than 4 times its size"


def storage(offset: int = 8, deflated: int = 0) -> list[tuple[int, int, int, int]]:
    """The tags of a page of grey levels in one strip; ``deflated`` is its length if it is compressed."""
    numbers = {256: SIDE, 257: SIDE, 258: 8, 259: 8 if deflated else 1, 262: 1, 273: offset, 277: 1}
    numbers |= {278: SIDE, 279: deflated or SIDE * SIDE}
    return [(number, 4, 1, value) for number, value in numbers.items()]


def tiff(tags: list[tuple[int, int, int, int]], behind: bytes = b"") -> bytes:
    """A page of grey levels with its directory after its pixels."""
    return b"II*\0" + struct.pack("<I", DIRECTORY_OFFSET) + PIXELS + directory([*storage(), *tags]) + behind


def exif_of(tags: list[tuple[int, int, int, int]], behind: bytes = b"") -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + directory(tags) + behind


def pages(count: int, tags: list[tuple[int, int, int, int]]) -> bytes:
    """Pages that share no pixels."""
    out = bytearray(b"II*\0" + bytes(4))
    link = 4
    for number in range(count):
        offset = len(out)
        out += PIXELS[number % SIDE :] + PIXELS[: number % SIDE]
        link = append(out, link, [*storage(offset), *tags])
    return bytes(out)


def append(out: bytearray, link: int, tags: list[tuple[int, int, int, int]]) -> int:
    struct.pack_into("<I", out, link, len(out))
    out += directory(tags)
    return len(out) - 4


@pytest.mark.parametrize("number", [EXIF, GPS])
def test_directories_that_contain_themselves_are_dropped(number):
    plain = size_of(outcome_of(tiff([])))
    assert size_of(outcome_of(tiff([(number, 4, 1, DIRECTORY_OFFSET)] * 400))) == plain


def test_directories_that_contain_each_other_end():
    # Each begins inside the previous one, and contains the rest of it.
    tags = [(EXIF, 4, 1, DIRECTORY_OFFSET + 12 * index) for index in range(1, 2000)]
    assert size_of(outcome_of(tiff(tags))) < 1000
    outer = DIRECTORY_OFFSET + 2 + 12 * (9 + 1) + 4
    first = [(EXIF, 4, 1, outer + 2 + 12 * 300 + 4)] * 300
    second = [(EXIF, 4, 1, outer)] * 300
    looped = tiff([(EXIF, 4, 1, outer)], directory(first) + directory(second))
    assert SHARE in outcome_of(looped) or size_of(outcome_of(looped)) < 2 * len(looped)


def test_contents_that_many_tags_share_are_refused():
    blob = bytes(1 << 20)
    count = 2000
    offset = DIRECTORY_OFFSET + 2 + 12 * (9 + count) + 4
    data = tiff([(PRIVATE + index, 7, len(blob), offset) for index in range(count)], blob)
    assert SHARE in outcome_of(data)
    assert SHARE in outcome_of(data, "PNG")
    few = tiff([(PRIVATE + index, 7, 1000, DIRECTORY_OFFSET) for index in range(2)], bytes(1000))
    assert size_of(outcome_of(few)) < 4 * len(few)


def test_a_directory_that_many_pages_share_is_refused():
    data = bytearray(pages(500, [(EXIF, 4, 1, 8 + 500 * (SIDE * SIDE + 2 + 12 * 10 + 4))]))
    data += directory([(ARTIST, 7, 100_000, 100)])
    assert SHARE in outcome_of(bytes(data))


def test_pixels_that_many_pages_share_are_refused():
    packed = zlib.compress(PIXELS).ljust(1 << 20, b"\0")
    out = bytearray(b"II*\0" + bytes(4) + packed)
    link = 4
    for _ in range(1000):
        link = append(out, link, storage(deflated=len(packed)))
    limit = max(16 * len(out), 1 << 26)
    assert f"its pages share pixels that would expand to more than {limit} bytes" in outcome_of(bytes(out))


def test_each_page_costs_the_same(monkeypatch):
    loaded = []
    load = ImageFileDirectory_v2.load

    def counted(self, file):
        loaded.append(len(file.getvalue()))
        load(self, file)

    monkeypatch.setattr(ImageFileDirectory_v2, "load", counted)
    work = []
    for count in (5, 10, 20):
        loaded.clear()
        convert(pages(count, []), Settings(4), Policy())
        work.append((len(loaded), sum(loaded)))
    # Each five further pages cost equally many directories and bytes.
    for five, ten, twenty in zip(*work, strict=True):
        assert twenty - ten == 2 * (ten - five)


@pytest.mark.parametrize("format_name", ["TIFF", "BMP"])
def test_exif_that_contains_itself(format_name):
    looped = exif_of([(EXIF, 4, 1, 8)] * 400)
    shared = exif_of([(PRIVATE + i, 7, 1 << 20, 24014) for i in range(2000)], bytes(1 << 20))
    plain = size_of(outcome_of(png(), format_name))
    for exif in (looped, shared):
        assert size_of(outcome_of(png(chunk(b"eXIf", exif)), format_name)) == plain
