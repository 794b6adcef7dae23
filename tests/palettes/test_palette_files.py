"""Palette files: those of other programs are read as intended, and written files can be read back."""

from __future__ import annotations

import os
import struct

import pytest
from helpers import pixels_of
from palette_bytes import ACO_2, EXAMPLES, TABLE
from PIL import Image

from kquant_hooks import Palette
from kquant_hooks.palettes import files

NAMED = Palette(["#ff8000", "#1a1c2c", "#ff8000", "#000000"], ["Orange peel", "", "Größe 12", "\U0001f3a8"])
TRANSLUCENT = Palette(["#ff800080", "#01020300", "#ffffff"], ["Glass", "Air", ""])
CLEAR = Palette(["#ff8000", "#01020300", "#ffffff"])
LARGE = Palette([(level, 255 - level, 7) for level in range(256)])
WRITABLE_FORMATS = [entry for entry in files.FORMATS if entry.write]
READ_BACK = [entry for entry in WRITABLE_FORMATS if entry.read]


def written_and_read(palette, path, format_name=None):
    palette.save(path, format_name)
    return Palette.load(path)


@pytest.mark.parametrize("name", EXAMPLES)
def test_files_of_other_programs(name, tmp_path):
    # The extension of another format makes no difference.
    path = tmp_path / "palette.gpl"
    path.write_bytes(EXAMPLES[name].data)
    palette = Palette.load(path)
    assert list(palette.hex()) == EXAMPLES[name].colors
    assert list(palette.names) == (EXAMPLES[name].names or [""] * len(palette))


def test_every_format_that_is_read_has_an_example():
    begun = [
        next(entry.name for entry in files.FORMATS if entry.matches and entry.matches(example.data))
        for example in EXAMPLES.values()
    ]
    assert set(begun) == {entry.name for entry in files.FORMATS if entry.read}


@pytest.mark.parametrize("entry", READ_BACK, ids=lambda entry: entry.name)
def test_written_files_are_read_back(entry, tmp_path):
    path = tmp_path / f"mine{entry.extensions[0].upper()}"
    for palette in (NAMED, LARGE, Palette(["#fff"])):
        again = written_and_read(palette, path, entry.key)
        assert again == palette
        assert again.names == (palette.names if entry.names else ("",) * len(palette))


@pytest.mark.parametrize("entry", WRITABLE_FORMATS, ids=lambda entry: entry.name)
def test_alpha_is_kept_or_refused(entry, tmp_path):
    path = tmp_path / f"mine{entry.extensions[0]}"
    if entry.alpha == "yes":
        TRANSLUCENT.save(path, entry.key)
        assert entry.read is None or Palette.load(path) == TRANSLUCENT
    else:
        with pytest.raises(ValueError, match=f"^{path}: its format "):
            TRANSLUCENT.save(path, entry.key)
        assert not path.exists()


def test_a_refusal_says_what_holds_alpha(tmp_path):
    with pytest.raises(ValueError, match=r"colour 2 is #01020300; save it as .hex, .txt, .json, .png, .css$"):
        CLEAR.save(tmp_path / "mine.gpl")


def test_a_color_table_holds_one_transparent_colour(tmp_path):
    assert written_and_read(CLEAR, tmp_path / "mine.act") == CLEAR
    with pytest.raises(
        ValueError,
        match=r"one transparent colour and no translucent colours, "
        r"got 2 transparent and 0 translucent colours$",
    ):
        Palette(["#0000", "#fff0"]).save(tmp_path / "mine.act")


def test_a_color_table_and_swatches_of_one_length_are_told_apart(tmp_path):
    """Only its length identifies a table, and swatches may have the same length."""
    colors = struct.pack(">5H", 0, 0x0102, 0x0304, 0x0506, 0) * 30
    named = b"".join(colors[:10] + struct.pack(">I", 1) + b"\0\0" for _ in range(28))
    last = (colors[:10] + struct.pack(">I", 1 + spare) + bytes(2 + 2 * spare) for spare in range(99))
    sizes = {}
    for tail in last:
        count = 29
        first = struct.pack(">HH", 1, count) + colors[: 10 * count]
        data = first + struct.pack(">HH", 2, count) + named + tail
        sizes[len(data)] = data
    path = tmp_path / "any"
    path.write_bytes(sizes[772])
    assert Palette.load(path) == Palette([(1, 3, 5)] * 29)
    path.write_bytes(TABLE)
    assert len(Palette.load(path)) == 256


def test_swatches_are_written_in_both_versions(tmp_path):
    NAMED.save(tmp_path / "mine.aco")
    data = (tmp_path / "mine.aco").read_bytes()
    assert data[:14] == b"\0\1\0\4" + b"\0\0\xff\xff\x80\x80\0\0\0\0"
    assert data[44:48] == b"\0\2\0\4"
    assert ACO_2[:2] == data[44:46]


def test_bytes_that_other_programs_expect(tmp_path):
    expected = {
        "gpl": "GIMP Palette\nName: mine\nColumns: 2\n#\n255 128   0\tOrange\n  0   0   0\tUntitled\n",
        "hex": "ff8000\n000000\n",
        "pal": "JASC-PAL\r\n0100\r\n2\r\n255 128 0\r\n0 0 0\r\n",
        "txt": "; paint.net Palette File\n; mine\nFFFF8000\nFF000000\n",
        "css": ":root {\n  --orange: #ff8000;\n  --color-2: #000000;\n}\n",
        "act": (b"\xff\x80\0" + bytes(765) + b"\0\2\xff\xff").decode("latin-1"),
    }
    for extension, text in expected.items():
        Palette(["#ff8000", "#000"], ["Orange", ""]).save(tmp_path / f"mine.{extension}")
        assert (tmp_path / f"mine.{extension}").read_bytes().decode("latin-1") == text


def test_a_format_may_be_given(tmp_path):
    palette = Palette(["#ff8000", "#000"], ["Orange", ""])
    palette.save(tmp_path / "mine.pal", "riff")
    assert (tmp_path / "mine.pal").read_bytes() == (
        b"RIFF\x18\0\0\0PAL data\x0c\0\0\0\0\3\2\0\xff\x80\0\0\0\0\0\0"
    )
    assert Palette.load(tmp_path / "mine.pal") == palette
    palette.save(tmp_path / "without-ending", format="gpl")
    assert Palette.load(tmp_path / "without-ending").names == ("Orange", "")
    with pytest.raises(ValueError, match=r"^format='bmp': expected one of gpl, hex, jasc, riff, aco"):
        palette.save(tmp_path / "mine.pal", "bmp")


def test_every_extension_has_one_format():
    for entry in WRITABLE_FORMATS:
        assert entry.key in ("riff", files.FORMAT_OF_EXTENSION[entry.extensions[0]].key)


def test_css_properties_have_unique_names(tmp_path):
    names = ["Brand Red!", "brand red", "", "  Größe ", "{}", "color-2", "a/*b*/"]
    Palette(["#000"] * 7, names).save(tmp_path / "mine.css")
    lines = (tmp_path / "mine.css").read_text("utf-8").splitlines()[1:-1]
    assert [line.split(":")[0].strip() for line in lines] == [
        *("--brand-red", "--color-2", "--color-3", "--größe", "--color-5", "--color-6", "--a-b"),
    ]


def test_a_png_is_a_picture_of_the_colours(tmp_path):
    NAMED.save(tmp_path / "mine.png")
    with Image.open(tmp_path / "mine.png") as image:
        assert image.size == (4, 1)
        assert pixels_of(image.convert("RGB")) == list(NAMED)


def test_a_picture_made_of_a_palette_is_read_as_one(tmp_path):
    palette = Palette([(level, 0, 0) for level in range(21)])
    palette.to_image(3).save(tmp_path / "mine.png")
    assert Palette.load(tmp_path / "mine.png") == palette


@pytest.mark.parametrize("name", ["mine.foo", "mine", "mine.aseprite", ".gpl"])
def test_unknown_extensions(name, tmp_path):
    with pytest.raises(
        ValueError, match=r"is not an extension of palette files; expected one of .gpl, .hex, .pal, "
    ):
        NAMED.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_saving_keeps_a_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "mine.gpl"
    NAMED.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        LARGE.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_title_can_be_printed(tmp_path):
    path = tmp_path / os.fsdecode(b"odd\n\xff.gpl")
    assert written_and_read(NAMED, path) == NAMED
    assert b"Name: odd??\n" in path.read_bytes()


def test_paths_may_be_text(tmp_path):
    NAMED.save(str(tmp_path / "mine.gpl"))
    assert Palette.load(str(tmp_path / "mine.gpl")).names == NAMED.names
