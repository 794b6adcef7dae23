"""Files that are not palettes: any content gives, without delay, one sentence that names the place."""

from __future__ import annotations

import os
import random
import struct
import time
import zlib

import pytest
from palette_bytes import EXAMPLES, aseprite, chunk, png, png_chunk

from kquant_hooks import Palette

FLIPS = 150
MISTAKES = {
    b"": "it is empty",
    b"?": "its content is not a palette in a known format; expected one of GIMP, Lospec hex, ",
    b"hello": "its content is not a palette in a known format",
    b"\xff\xfeG\0I\0M\0P\0": "its content is not a palette in a known format",
    b"GIMP Palette\nName: x\n": "a palette has 1..256 colours, got 0",
    b"GIMP Palette\n1 2 3\n1 2 256 x": "line 3: expected 3 levels from 0 to 255, got '1 2 256 x'",
    b"GIMP Palette\nChannels: RGBA\n1 2 3 x": "line 3: expected 4 levels from 0 to 255, got '1 2 3 x'",
    b"GIMP Palette\n1 2 -3": "line 2: expected 3 levels",
    b"GIMP Palette\n1 2 3\nNothing": "line 3: expected 3 levels",
    b"GIMP Palette\n" + b"".join(b"%d %d 0\n" % (n % 200, n // 200) for n in range(300)): (
        "a palette has 1..256 colours, got 300"
    ),
    b"ff8000\n\n#ff80\n": "line 3: expected a colour such as ff8000",
    b"ff8000\nff800080": "line 2: eight digits can mean rrggbbaa or Paint.NET's aarrggbb; put '#'",
    b"JASC-PAL\n0200\n1\n0 0 0": "line 2: expected the version 0100, got '0200'",
    b"JASC-PAL": "line 2: expected the version 0100, got ''",
    b"JASC-PAL\n0100\nmany": "line 3: expected the number of colours, got 'many'",
    b"JASC-PAL\n0100\n2\n0 0 0\n": "line 3 declares 2 colours, but the file has 1",
    b"JASC-PAL\n0100\n1\n0 0\n": "line 4: expected three levels from 0 to 255, got '0 0'",
    b"RIFF\x08\0\0\0PAL ": "it ends at byte 12; expected 8 bytes from byte 12",
    b"RIFF\0\0\0\0PAL data\x0c\0\0\0\0\4\2\0": "byte 20: expected the version 0x0300, got 0x0400",
    b"RIFF\0\0\0\0PAL data\x0c\0\0\0\0\3\xff\xff": "byte 16: 65535 colours do not fit in a chunk of 12 bytes",
    b"\0\1\0\2" + bytes(10): "it ends at byte 14; expected 10 bytes from byte 14",
    b"\0\1\0\1\0\3"
    + bytes(8): "byte 4: expected RGB (0), HSB (1), CMYK (2), Lab (7) or grey (8), got space 3",
    b"\0\2\0\1"
    + bytes(10)
    + b"\xff\xff\xff\xff": "it ends at byte 18; expected 8589934590 bytes from byte 18",
    bytes(768) + b"\1\1\0\0": "byte 768: expected a number of colours from 1 to 256, got 257",
    b"ASEF\0\1\0\0\xff\xff\xff\xff": "it ends at byte 12; expected 6 bytes from byte 12",
    b"ASEF\0\1\0\0\0\0\0\1\0\1\xff\xff\xff\xff": "it ends at byte 18; expected 4294967295 bytes",
    b"ASEF\0\1\0\0\0\0\0\1\0\1\0\0\0\6\0\0HSV ": "the block at byte 12: expected a colour in RGB,",
    b"ASEF\0\1\0\0\0\0\0\1\0\1\0\0\0\x0a\0\0Gray\x7f\xc0\0\0": "the block at byte 12: expected finite",
    aseprite(
        chunk(0x2019, struct.pack("<III8x", 9, 0, 0xFFFFFFFF))
    ): "the chunk at byte 144: it ends at byte 20; expected 6 bytes",
    aseprite(b"\0\0\0\0\x19\x20"): "byte 144: expected a chunk size of at least 6, got 0",
    aseprite(chunk(0x2007, bytes(16))): "a palette has 1..256 colours, got 0",
    b";\nFF8000FF\nred": "line 3: expected a colour such as ffff8000",
    b"[": "line 1, column 2: expected JSON; Expecting value",
    b'["#fff",\n "red"]': "colour 2: expected a hex colour such as '#ff8000', got other text",
    b'[{"name": 5, "hex": "#fff"}]': "colour 1: expected a name in quotes, got a number",
    b'[{"name": "x"}]': "colour 1: expected a hex colour such as '#ff8000', got none",
    b'{"colors": 7}': "expected 'colors' to be a list such as [\"#ff8000\"], got a number",
    b"[[[]]]": "colour 1: expected a hex colour such as '#ff8000', got a list",
    b"[" * 1_000_000: "its lists or objects are nested too deeply",
    b"[" + b"9" * 10_000 + b"]": "it has a number with thousands of digits",
    b"\x89PNG\r\n\x1a\n": "it ends at byte 8; expected 13 bytes from byte 12",
    png(
        1, 3, 1, [b"\0"], png_chunk(b"PLTE", bytes(3)), png_chunk(b"tRNS", b"\xff\xff\0")
    ): "its PNG data is damaged, or cut off at byte 97",
    png(16, 0, 1, [b"\0\0"]): "byte 24: expected levels of up to 8 bits, got 16",
    png(8, 0, 17, [bytes(range(row * 17, row * 17 + 17)) for row in range(15)])[
        :-30
    ]: "its PNG data is damaged, or cut off at byte 308",
    png(
        8, 2, 300, [b"".join(struct.pack(">HB", i, 7) for i in range(300))]
    ): "a palette has 1..256 colours, got 300",
    b"#fff000\n" * 600_000: "it has more than 4194304 bytes, the limit for palette files",
}


@pytest.mark.parametrize(("data", "message"), MISTAKES.items(), ids=MISTAKES.values())
def test_an_error_is_one_sentence(data, message, tmp_path):
    path = tmp_path / "mine.pal"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        Palette.load(path)
    assert type(caught.value) is ValueError
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert len(said) < len(str(path)) + 250


def test_a_picture_that_would_fill_the_memory_is_not_decoded(tmp_path):
    bomb = png(8, 0, 1, [b"\0"])
    header = struct.pack(">IIBBBBB", 65_535, 65_535, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb.replace(bomb[8:33], png_chunk(b"IHDR", header)))
    with pytest.raises(ValueError, match=r"byte 16: expected up to 4194304 pixels, got 65535 x 65535$"):
        Palette.load(path)


@pytest.mark.parametrize("in_front", [True, False])
def test_another_header_of_a_picture_says_nothing_of_its_size(in_front, tmp_path):
    small = png(8, 0, 1, [b"\0"])
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 3000, 3000, 8, 0, 0, 0, 0))
    first = png_chunk(b"tEXt", bytes(13)) if in_front else small[8:33]
    path = tmp_path / "bomb.png"
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(3001 * 3000)))
    path.write_bytes(small[:8] + first + header + pixels + png_chunk(b"IEND", b""))
    expected = r"expected the header \(IHDR\)" if in_front else "is damaged, or cut off"
    with pytest.raises(ValueError, match=expected):
        Palette.load(path)


def test_a_gigabyte_is_not_read(tmp_path):
    path = tmp_path / "large.hex"
    with path.open("wb") as file:
        file.write(b"ff8000\n")
        file.truncate(1 << 30)
    with pytest.raises(ValueError, match="more than 4194304 bytes"):
        Palette.load(path)


def test_errors_of_files_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError):
        Palette.load(tmp_path / "none.gpl")
    with pytest.raises(OSError, match="Is a directory"):
        Palette.load(tmp_path)
    (tmp_path / "folder.gpl").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        Palette(["#000"]).save(tmp_path / "folder.gpl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.gpl")
    with pytest.raises(OSError, match="Not a regular file"):
        Palette.load(tmp_path / "pipe.gpl")


def loaded_or_refused(path):
    try:
        return Palette.load(path)
    except ValueError as error:
        return error


@pytest.mark.parametrize("name", EXAMPLES)
def test_damaged_files_give_a_palette_or_one_sentence(name, tmp_path):
    path = tmp_path / "damaged"
    data = EXAMPLES[name].data
    draw = random.Random(name)
    cuts = range(len(data)) if len(data) < 700 else sorted(draw.sample(range(len(data)), 150))
    cases = [data[:end] for end in cuts]
    for _ in range(FLIPS):
        flipped = bytearray(data)
        for _ in range(draw.choice((1, 1, 2, 5))):
            flipped[draw.randrange(len(data))] = draw.randrange(256)
        cases.append(bytes(flipped))
    start = time.monotonic()
    for case in cases:
        path.write_bytes(case)
        result = loaded_or_refused(path)
        if isinstance(result, Palette):
            assert 1 <= len(result) <= 256
        else:
            assert type(result) is ValueError
            assert str(result).startswith(f"{path}: ")
            assert "\n" not in str(result)
    # Far longer than needed, so only an endless loop fails.
    assert time.monotonic() - start < 60
