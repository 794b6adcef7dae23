"""Palette files as other programs and people write them, though no specification says so."""

from __future__ import annotations

import json
import struct

import pytest

from kquant_hooks import KMeansQuantize, Palette
from kquant_hooks.cli import main

# The levels that a drawing program writes for Lab colours: b*, a*, L* under D65, over the range of 16 bits.
SCALED_LAB = {
    "#000000": (0x8000, 0x8000, 0x0000),
    "#ffffff": (0x7FFE, 0x7FFF, 0xFFFF),
    "#dc3a3a": (0xA67E, 0xBE29, 0x8067),
    "#f27a2a": (0xBD4E, 0xA988, 0xA42E),
}


def loaded(tmp_path, data: bytes) -> Palette:
    path = tmp_path / "palette"
    path.write_bytes(data)
    return Palette.load(path)


def test_lab_swatches_of_another_scale(tmp_path):
    colors = b"".join(struct.pack(">5H", 7, *parts, 0) for parts in SCALED_LAB.values())
    head = struct.pack(">HH", 1, len(SCALED_LAB))
    assert loaded(tmp_path, head + colors).hex() == tuple(SCALED_LAB)


def test_lab_swatches_of_the_specification_stay_what_they_are(tmp_path):
    white, red = struct.pack(">5H", 7, 10000, 0, 0, 0), struct.pack(">5h", 7, 5429, 8081, 6989, 0)
    palette = loaded(tmp_path, struct.pack(">HH", 1, 2) + white + red)
    assert palette.hex()[0] == "#ffffff"
    assert max(abs(level - wanted) for level, wanted in zip(list(palette)[1], (255, 0, 0), strict=True)) <= 2


def test_levels_of_six_bits(tmp_path):
    table = bytes([63, 23, 12, 57, 21, 13]).ljust(768, b"\0")
    assert loaded(tmp_path, table).hex()[:3] == ("#ff5d31", "#e75535", "#000000")


def test_dark_tables_of_eight_bits_stay_dark(tmp_path):
    assert loaded(tmp_path, bytes([62, 23, 12]).ljust(768, b"\0")).hex()[0] == "#3e170c"
    assert loaded(tmp_path, bytes([64, 23, 12]).ljust(768, b"\0")).hex()[0] == "#40170c"
    with_count = bytes([63, 23, 12]).ljust(768, b"\0") + struct.pack(">HH", 3, 0xFFFF)
    assert loaded(tmp_path, with_count).hex()[0] == "#3f170c"


def test_colours_of_one_name_are_all_kept(tmp_path):
    pairs = '[{"name": "a", "hex": "f00"}, {"name": "a", "hex": "0f0"}]'
    for text in ('{"a": "#f00", "a": "#0f0"}', pairs, f'{{"colors": {pairs}}}'):
        palette = loaded(tmp_path, text.encode())
        assert (palette.hex(), palette.names) == (("#ff0000", "#00ff00"), ("a", "a"))


def test_a_long_name_is_shortened(tmp_path):
    palette = loaded(tmp_path, f"GIMP Palette\n255 0 0 {'x' * 300}\n0 255 0 green\n".encode())
    assert palette.names == ("x" * 254 + "…", "green")
    with pytest.raises(ValueError, match="is not a valid colour name"):
        Palette(["#f00"], ["x" * 256])


def test_more_entries_than_colours(tmp_path):
    lines = [f"{number % 156} 0 0 n{number}" for number in range(279)]
    palette = loaded(tmp_path, "\n".join(["GIMP Palette", *lines, ""]).encode())
    assert len(palette) == 156
    assert (palette.names[0], palette.names[155]) == ("n0", "n155")
    with pytest.raises(ValueError, match=r"a palette has 1\.\.256 colours, got 514"):
        loaded(
            tmp_path, "\n".join(["GIMP Palette", *(f"{n % 256} {n // 256} 0" for n in range(514))]).encode()
        )


@pytest.mark.parametrize(
    "text",
    [
        "f00\n0f0\n",
        "#f00\n#0f0",
        "ff0000, 00ff00",
        "'#ff0000', '#00ff00';",
        "// two colours\n\nff0000 // red\n00ff00",
        "#ff0000 #00ff00",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_of_hex_colours_as_people_write_them(text, encoding, tmp_path):
    assert loaded(tmp_path, text.encode(encoding)).hex() == ("#ff0000", "#00ff00")


@pytest.mark.parametrize("text", ["hello world", "// nothing but words", "ff00", "12345", "ff0000 red"])
def test_what_is_no_list_of_hex_colours(text, tmp_path):
    with pytest.raises(ValueError, match="not a palette in a known format"):
        loaded(tmp_path, text.encode())


def test_a_wrong_colour_names_its_line(tmp_path):
    with pytest.raises(ValueError, match="line 3: expected a colour such as ff8000"):
        loaded(tmp_path, b"ff0000\n\n00ff00, green\n")


def test_fixed_colours_beside_a_palette_are_refused(tmp_path, monkeypatch, capsys):
    reason = "palette and fixed exclude each other; add the fixed colours to the palette, or leave out one"
    with pytest.raises(ValueError, match=reason):
        KMeansQuantize(palette=["#000"], fixed=["#f00"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    config = tmp_path / ".kquant.yaml"
    config.write_text(json.dumps({"palette": ["#000"], "fixed": ["#f00"]}))
    assert main(["config", "a.png"]) == 2
    assert capsys.readouterr().err == f"kquant: .kquant.yaml: $: {reason}\n"
    # What is more special overrides the other.
    config.write_text(json.dumps({"fixed": ["#f00"], "rules": [{"files": "a.png", "palette": ["#000"]}]}))
    assert main(["config", "a.png"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["fixed", "none", "default"] in lines
