"""Anything may lie under a name: each works, or is left with a reason."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from pathlib import Path

import pytest
from drawings import FILES, animated, png_texts, saved
from files import check_skipped, chunks, put, rewrite, state
from helpers import pixels_of
from hostile import chunk
from photos import draw_photo, draw_translucent
from PIL import Image, TiffImagePlugin
from tiffs import page, tiff_of

from kquant_hooks.assets.process import process
from kquant_hooks.formats.chunks import PNG_SIGNATURE
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Anything may lie under a name.


def pointer() -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def bomb() -> bytes:
    data = bytearray(saved(Image.new("1", (8, 8)), "PNG"))
    data[16:24] = struct.pack(">II", 60000, 60000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (pointer(), "skipped", "it is a Git LFS pointer, not an image; run 'git lfs pull'"),
        (b"", "failed", "it is empty"),
        (b"hello\n", "failed", "not an image in a known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "failed", "it is text, not a picture made of pixels"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "failed", "it is text, not a picture"),
        (bomb(), "failed", "max-pixels|decompression bomb"),
        (saved(draw_photo(), "PNG")[:900], "failed", "cannot be decoded: "),
        (saved(draw_photo(), "JPEG"), "skipped", "JPEG cannot hold a palette"),
        (saved(draw_photo().convert("CMYK"), "TIFF"), "skipped", "its CMYK colours would become RGB"),
        (
            saved(Image.new("F", (3, 3)), "TIFF"),
            "skipped",
            "its 'F' levels have no scale; convert them to 'L'",
        ),
        (
            saved(Image.new("I", (3, 3)), "TIFF"),
            "skipped",
            "its 'I' levels have no scale; convert them to 'L'",
        ),
    ],
)
def test_content_decides_not_the_name(data, status, reason, tmp_path):
    path = tmp_path / "asset.png"
    path.write_bytes(data)
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == status
    assert any(words in outcome.reason for words in reason.split("|")), outcome.reason
    assert "\n" not in outcome.reason
    assert state(tmp_path) == before


def test_a_gif_called_png_stays_a_gif(tmp_path):
    path = tmp_path / "asset.png"
    path.write_bytes(FILES["background.gif"]())
    assert rewrite(path).status == "rewritten"
    with Image.open(path) as image:
        assert (image.format, image.n_frames) == ("GIF", 4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no such files")
def test_what_is_no_file_is_not_opened(tmp_path, photo_file, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(photo_file)
    (tmp_path / "dangling.png").symlink_to("nowhere")
    listener = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)
    listener.bind("socket.png")
    reasons = {
        "pipe.png": "it is not a regular file",
        "socket.png": "it is not a regular file",
        "folder.png": "it is a folder",
        "link.png": "it is a symbolic link; use the file that it leads to",
        "missing.png": "cannot be read: No such file or directory",
        "dangling.png": "it is a symbolic link; use the file that it leads to",
    }
    before = sorted(path.name for path in tmp_path.iterdir())
    for name, reason in reasons.items():
        assert rewrite(tmp_path / name).reason == reason
    assert process(Path("/dev/zero"), Settings(5), Policy()).reason == "it is not a regular file"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    listener.close()


def test_max_pixels_and_file_sizes_are_limits(photo_file):
    assert "more than max-pixels=100" in rewrite(photo_file, max_pixels=100).reason
    with photo_file.open("r+b") as file:
        file.truncate((1 << 24) + 1)
    assert (
        "bytes are too many for a picture within max-pixels=100; use a higher limit to read it"
        in rewrite(photo_file, max_pixels=100).reason
    )


def test_huge_and_tiny_pictures(tmp_path):
    for size in ((1, 1), (5000, 1), (1, 5000), (4000, 3000)):
        path = tmp_path / "size.png"
        noise = draw_photo(100, 100).resize(size)
        noise.save(path, compress_level=1)
        assert rewrite(path, 3).status == ("unchanged" if size == (1, 1) else "rewritten")


def test_a_gif_whose_first_frame_enlarges_the_canvas_is_limited_too(tmp_path):
    path = tmp_path / "bomb.gif"
    data = bytearray(saved(Image.new("P", (1, 1)), "GIF"))
    struct.pack_into("<HH", data, data.index(b",", 13) + 1, 9000, 9000)
    path.write_bytes(data)
    assert "more than max-pixels" in rewrite(path, max_pixels=10**6).reason


def test_a_frame_outside_of_the_canvas_is_refused(tmp_path):
    path = tmp_path / "outside.png"
    data = animated("PNG")
    place = data.rindex(b"fcTL")
    control = bytearray(data[place : place + 30])
    struct.pack_into(">I", control, 16, 1 << 30)
    checksum = struct.pack(">I", zlib.crc32(bytes(control)))
    path.write_bytes(data[:place] + bytes(control) + checksum + data[place + 34 :])
    assert rewrite(path).reason == "cannot be decoded: a frame lies outside the canvas"


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits(bits, tmp_path):
    """Pillow gives the level as it is stored, and the pixels stretched to 8 bits."""
    path = tmp_path / "gray.png"
    top = (1 << bits) - 1
    rows = b"".join(b"\0" + bytes([0xB4]) * bits for _ in range(8))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, 0, 0, 0, 0)), (b"tRNS", struct.pack(">H", top))]
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        data += (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )
    path.write_bytes(data)
    samples = [0xB4 >> shift & top for shift in range(8 - bits, -1, -bits)]
    target = tmp_path / "out.webp"
    assert process(path, Settings(64), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        row = image.convert("RGBA").crop((0, 0, len(samples), 1))
    alphas = [alpha for *_, alpha in pixels_of(row)]
    assert alphas == [0 if sample == top else 255 for sample in samples]


def test_a_transparent_colour_of_16_bits_is_refused(tmp_path):
    path = tmp_path / "deep.png"
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tRNS", b"\xff" * 6), (b"IDAT", zlib.compress(bytes(7))), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        data += (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )
    path.write_bytes(data)
    assert "its transparent colour has 16 bits per channel" in rewrite(path).reason


def test_channels_that_would_be_lost_are_refused(tmp_path):
    path = tmp_path / "deep.tif"
    data = bytearray(saved(draw_translucent(), "TIFF"))
    # The fourth channel is alpha only if its tag says so.
    place = data.index(struct.pack("<HHI", 338, 3, 1))
    data[place + 8 : place + 10] = b"\0\0"
    path.write_bytes(data)
    assert "and those other than colour and alpha would be lost" in rewrite(path).reason


def several_pictures() -> bytes:
    return 2 * saved(draw_photo(), "PPM")


def with_subifds() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[330] = 8
    return saved(draw_photo(), "TIFF", tiffinfo=tags)


def with_profile() -> bytes:
    data = bytearray(saved(draw_photo(), "BMP"))
    # A header of version 5, of which Pillow's is the beginning.
    header = bytearray(data[14:54]) + bytearray(84)
    header[0:4], header[56:60] = struct.pack("<I", 124), b"DEBM"
    return bytes(data[:10] + struct.pack("<I", 138) + header + data[54:])


def with_bit_of_alpha() -> bytes:
    masks = struct.pack("<4I", 0x7C00, 0x3E0, 0x1F, 0x8000)
    header = struct.pack("<IiiHHIIiiII", 124, 4, 4, 1, 16, 3, 32, 0, 0, 0, 0) + masks + bytes(68)
    return struct.pack("<2sIHHI", b"BM", 170, 0, 0, 138) + header + bytes(range(32))


def with_deep_bands_apart() -> bytes:
    tags = page((16, 8), {258: (3, [16, 16, 16]), 277: (3, [3]), 284: (3, [2])}, photometric=2)
    return tiff_of((tags, [bytes(range(256)) for _ in range(3)]))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (with_bit_of_alpha, "its transparency, which Pillow cannot read, would be lost"),
        (
            with_deep_bands_apart,
            "its bands are 16-bit, uncompressed and stored separately, which Pillow cannot read",
        ),
        (several_pictures, "it holds more than one picture, and all but the first would be lost"),
        (with_subifds, "it has pictures within pages (SubIFDs), which would be lost"),
        (with_profile, "its colour profile, which Pillow cannot read, would be lost"),
    ],
)
def test_what_would_be_lost_is_left(made, reason, tmp_path):
    path = tmp_path / "asset"
    path.write_bytes(made())
    check_skipped(path, reason)


def test_pages_of_formats_that_are_only_read_are_refused(tmp_path):
    page = saved(draw_photo().quantize(16), "PCX")
    path = tmp_path / "fax.dcx"
    places = struct.pack("<IIII", 0x3ADE68B1, 16, 16 + len(page), 0)
    path.write_bytes(places + page + page)
    outcome = process(path, Settings(5), Policy(), target=tmp_path / "out.png")
    assert outcome.reason == "it has 2 pages, and DCX pages cannot be written"


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="the platform has no extended attributes")
def test_extended_attributes_are_kept(photo_file):
    try:
        os.setxattr(photo_file, "user.tag", b"blue")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    assert rewrite(photo_file).status == "rewritten"
    assert os.getxattr(photo_file, "user.tag") == b"blue"


def test_stripping_a_file_of_few_colours_into_a_new_one(tmp_path):
    path = tmp_path / "icon.png"
    path.write_bytes(saved(draw_photo().quantize(8), "PNG", pnginfo=png_texts()))
    target = tmp_path / "out.png"
    assert process(path, Settings(256), Policy(strip=True), target=target).status == "rewritten"
    with Image.open(target) as image:
        image.load()
        assert "Title" not in image.info
        assert image.convert("RGB").tobytes() == Image.open(path).convert("RGB").tobytes()


@pytest.mark.parametrize("kind", [b"fdAT", b"fcTL"])
def test_frames_out_of_sequence_are_not_put_right_in_silence(kind, tmp_path):
    path = put(tmp_path, "animated.png")
    parts = chunks(path.read_bytes())
    last = max(number for number, (name, _) in enumerate(parts) if name == kind)
    content = parts[last][1]
    parts[last] = kind, content[:3] + bytes([content[3] + 1]) + content[4:]
    data = PNG_SIGNATURE + b"".join(chunk(*part) for part in parts)
    path.write_bytes(data)
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("failed", "the frames of its animation are out of sequence")
    assert path.read_bytes() == data


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (0, 0)])
@pytest.mark.parametrize("compression", [1, 8])
def test_a_page_without_pixels_is_refused_before_its_strips_are_counted(size, compression, tmp_path):
    path = tmp_path / "asset.tif"
    path.write_bytes(tiff_of((page(size, {259: (3, [compression])}), [b"12"] * 2)))
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("failed", "cannot be decoded: it has no width or no height")
