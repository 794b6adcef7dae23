"""A second reader checks the headers of files, before and after quantizing."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import pytest
from drawings import FILES, animated, gif, saved
from files import rewrite, state, timing_of
from gifs import gif_of, plain
from photos import draw_photo
from PIL import Image, ImageSequence

from kquant_hooks.assets import convert
from kquant_hooks.assets.process import process
from kquant_hooks.documents.codec import codec_of
from kquant_hooks.documents.headers import read_header
from kquant_hooks.formats.sniff import format_of
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

MORE = {
    "photo.jpg": lambda: saved(draw_photo(70, 50), "JPEG"),
    "progressive.jpg": lambda: saved(draw_photo(70, 50), "JPEG", progressive=True, comment=b"\xff\xc0\xff"),
    "lossy.webp": lambda: saved(draw_photo(70, 50), "WEBP"),
    "old.bmp": lambda: b"BM" + struct.pack("<IIIIHHHH", 30, 0, 26, 12, 1, 1, 1, 24) + bytes(4),
    "photo.tga": lambda: saved(draw_photo(70, 50), "TGA"),
    "photo.dds": lambda: saved(draw_photo(70, 50), "DDS"),
    "commented.pgm": lambda: b"P5 # 3 4\n#5 6\n7\n8 255\n" + bytes(56),
    "motorola.tif": lambda: saved(draw_photo(70, 50).convert("I;16B"), "TIFF"),
}


@pytest.mark.parametrize("name", [*FILES, *MORE])
def test_the_second_reader_agrees_with_pillow(name):
    data = (FILES | MORE)[name]()
    with Image.open(io.BytesIO(data)) as image:
        format_name = {"JPEG": "JPEG", "TGA": "TGA", "DDS": "DDS"}.get(image.format, format_of(data))
        header = read_header(data, (format_name or "").removeprefix("lossy "))
        sizes = [frame.size for frame in ImageSequence.Iterator(image)]
    _, count, delays = timing_of(data)
    if count > 1 and format_name != "TIFF":
        # The default image is not part of the animation.
        assert header.delays == pytest.approx(delays[1:] if name == "animated-default-image.png" else delays)
        assert header.loop in (3, 4)
    assert header.sizes == tuple(sizes if format_name == "TIFF" else sizes[:1])


def larger_screen(data: bytes) -> bytes:
    return data[:6] + struct.pack("<HH", 200, 200) + data[10:]


def other_delay(data: bytes) -> bytes:
    offset = data.rindex(b"\x21\xf9\x04") + 4
    return data[:offset] + b"\x63\0" + data[offset + 2 :]


def more_pages(data: bytes) -> bytes:
    """The last directory points to a second copy of itself."""
    size = len(data)
    (offset,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, offset)
    link = offset + 2 + 12 * count
    return data[:link] + struct.pack("<I", size) + data[link + 4 :] + data[offset:link] + bytes(4)


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("background.gif", larger_screen, "size"),
        ("background.gif", other_delay, "timing"),
        ("rgb.tif", more_pages, "size"),
    ],
)
def test_a_result_with_a_wrong_header_is_never_written(name, spoil, reason, tmp_path, monkeypatch):
    """Even if the codec that reads it back does not notice."""
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    codec = codec_of(format_of(path.read_bytes()))
    read, write = codec.read, codec.write
    meant: dict[bytes, bytes] = {}

    def spoilt(*arguments: object) -> bytes:
        data = write(*arguments)
        meant[spoil(data)] = data
        return spoil(data)

    monkeypatch.setattr(codec, "write", spoilt)
    monkeypatch.setattr(codec, "read", lambda data, most: read(meant.get(data, data), most))
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == "failed"
    assert outcome.reason.startswith(f"the result's declared {reason} is ")
    assert state(tmp_path) == before


def test_a_file_that_its_codec_misreads_is_refused_before_quantizing(tmp_path, monkeypatch):
    path = tmp_path / "wide.gif"
    path.write_bytes(gif(1))
    codec = codec_of("GIF")
    read = codec.read

    def grown(data: bytes, most: int):
        return replace(document := read(data, most), size=(document.size[0] + 50, document.size[1]))

    monkeypatch.setattr(codec, "read", grown)
    monkeypatch.setattr(convert, "reduce", lambda *_: pytest.fail("it was quantized"))
    reason = "cannot be decoded: its header declares (64, 48) pixels but it has (114, 48)"
    assert rewrite(path).reason == reason


def delays_of(data: bytes) -> tuple[float, ...]:
    return read_header(data, format_of(data)).delays


@pytest.mark.parametrize("centiseconds", [0, 1, 6553, 6554, 30000, 65535])
@pytest.mark.parametrize("extension", ["png", "webp", "gif"])
def test_long_delays_keep_their_length(centiseconds, extension, tmp_path):
    """65.54 s are more than 65 535 thousandths of a second, but not more hundredths."""
    path = tmp_path / "slow.gif"
    path.write_bytes(gif_of((8, 8), [plain((0, 0, 8, 8)), plain((0, 0, 8, 8), 5, delay=centiseconds)]))
    target = tmp_path / f"out.{extension}"
    assert process(path, Settings(4), Policy(), target=target).status == "rewritten"
    assert delays_of(target.read_bytes()) == (100, 10 * centiseconds)


@pytest.mark.parametrize("milliseconds", [70001, 99999, 1000003, 16_777_215])
def test_delays_of_a_webp_are_as_close_as_an_apng_can_store(milliseconds, tmp_path):
    path = tmp_path / "slow.webp"
    path.write_bytes(animated("WEBP", lossless=True, duration=milliseconds))
    target = tmp_path / "out.png"
    assert process(path, Settings(4), Policy(), target=target).status == "rewritten"
    assert delays_of(target.read_bytes())[0] == pytest.approx(milliseconds, rel=1 / 131070)


@pytest.mark.parametrize(
    ("options", "extension", "reason"),
    [
        (
            {"duration": 700_000},
            "gif",
            "one of its frames lasts 700 seconds, but GIF holds at most 655.35",
        ),
        ({"loop": 65537}, "gif", "it plays 65537 times, but GIF holds at most 65536"),
        ({"loop": 65536}, "webp", "it plays 65536 times, but WebP holds at most 65535"),
    ],
)
def test_limits_of_other_formats_are_refused_by_name(options, extension, reason, tmp_path):
    path = tmp_path / "long.png"
    data = animated("PNG")
    if "loop" in options:
        path.write_bytes(animated("PNG", loop=options["loop"]))
    else:
        # In a PNG Pillow writes at most 65 535 milliseconds.
        path.write_bytes(animated("WEBP", lossless=True, **options))
    assert data != path.read_bytes()
    outcome = process(path, Settings(4), Policy(), target=tmp_path / f"out.{extension}")
    assert (outcome.status, outcome.reason) == ("failed", f"{reason}; give another format")


@pytest.mark.parametrize(("extension", "most"), [("gif", 65535), ("webp", 16383)])
def test_pictures_that_are_too_wide_for_a_format_are_refused_by_name(extension, most, tmp_path):
    path = tmp_path / "wide.png"
    path.write_bytes(saved(draw_photo(most + 1, 2), "PNG"))
    outcome = process(path, Settings(4), Policy(), target=tmp_path / f"out.{extension}")
    assert outcome.reason.startswith(f"it has {most + 1} x 2 pixels, but ")
    assert outcome.reason.endswith(f" holds at most {most} per side; give another format")
