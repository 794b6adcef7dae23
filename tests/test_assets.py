"""One asset on disk: each rule of what may happen to a file, with a test that fails without it."""

from __future__ import annotations

import io
import os
import socket
import stat
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import draw_photo, draw_translucent
from drawings import FILES, animated, png_texts, saved, tiff_pages
from helpers import colors_of, pixels_of, squared_error
from PIL import Image, TiffImagePlugin

from kquant_hooks import Palette, quantize
from kquant_hooks.assets import atomic, convert
from kquant_hooks.assets.policy import Policy
from kquant_hooks.assets.process import process
from kquant_hooks.images.containers import table
from kquant_hooks.quantizer.settings import Settings


def rewrite(path: Path, colors: int = 5, **policy: object):
    return process(path, Settings(colors), Policy(**policy))


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder with its bytes and its time."""
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir() if p.is_file()}


@pytest.fixture
def photo_file(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    draw_photo().save(path)
    return path


# Pixels decide, never bytes.


def test_few_colours_are_left_in_a_container_that_is_larger_than_needed(tmp_path):
    path = tmp_path / "flat.png"
    Image.new("RGB", (300, 300), "red").save(path, compress_level=0)
    before = state(tmp_path)
    assert rewrite(path, 1).status == "unchanged"
    assert state(tmp_path) == before


def test_hidden_colours_under_alpha_0_count_as_one(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 20, 4), np.uint8)
    pixels[:, :, 3] = 0
    pixels[:4, :, :] = [[[10, 20, 30, 255]], [[40, 50, 60, 255]], [[70, 80, 90, 255]], [[1, 2, 3, 255]]]
    path = tmp_path / "hidden.png"
    Image.fromarray(pixels).save(path)
    assert rewrite(path, 5).status == "unchanged"
    assert rewrite(path, 4).status == "rewritten"


def test_an_indexed_png_is_judged_from_its_header(tmp_path, monkeypatch):
    path = tmp_path / "icon.png"
    draw_photo().quantize(16).save(path)
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("it was decoded"))
    assert rewrite(path, 16).reason == "its palette has 16 colours"
    with pytest.raises(pytest.fail.Exception):
        rewrite(path, 15)


# What is written has been read back and compared.


def spoilt(container: str, monkeypatch, spoil) -> None:
    """Let the writer of a container make a mistake."""
    entry = table.CONTAINERS[container]
    writer = lambda document, images, encoding: entry.write(*spoil(document, list(images)), encoding)  # noqa: E731
    monkeypatch.setitem(table.CONTAINERS, container, replace(entry, write=writer))


def other_pixel(document, images):
    last = images[-1].copy()
    last.putpixel((10, 10), (last.getpixel((10, 10)) + 1) % 5)
    return document, [*images[:-1], last]


def other_timing(document, images):
    frames = (*document.frames[:-1], replace(document.frames[-1], milliseconds=5))
    return replace(document, frames=frames, container="another"), images


def without_last(document, images):
    return replace(document, frames=document.frames[:-1]), images[:-1]


def other_loop(document, images):
    return replace(document, loop=7, container="another"), images


def other_disposal(document, images):
    return replace(
        document, frames=tuple(replace(frame, dispose="none") for frame in document.frames)
    ), images


def clear_where_it_was_opaque(document, images):
    images[-1].paste(0, (0, 0, *images[-1].size))
    return document, images


@pytest.mark.parametrize(
    ("name", "container", "spoil", "reason"),
    [
        ("rgb.png", "PNG", other_pixel, "other pixels"),
        ("animated.png", "PNG", without_last, "another number of frames"),
        ("background.gif", "GIF", other_timing, "another timing"),
        ("animated.webp", "WebP", other_loop, "another loop"),
        ("animated.webp", "WebP", clear_where_it_was_opaque, "other pixels"),
        ("animated-over.png", "PNG", other_disposal, "another transparency in frame"),
        ("pages.tiff", "TIFF", without_last, "frames|kind"),
    ],
)
def test_a_wrong_result_is_never_written(name, container, spoil, reason, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    spoilt(container, monkeypatch, spoil)
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == "failed"
    assert any(word in outcome.reason for word in reason.split("|")), outcome.reason
    assert state(tmp_path) == before


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
def test_a_result_that_is_cut_off_is_never_written(cut, photo_file, tmp_path, monkeypatch):
    entry = table.CONTAINERS["PNG"]
    writer = lambda *arguments: (data := entry.write(*arguments))[: int(cut * len(data))]  # noqa: E731
    monkeypatch.setitem(table.CONTAINERS, "PNG", replace(entry, write=writer))
    before = state(tmp_path)
    assert rewrite(photo_file).reason.startswith("the result ")
    assert state(tmp_path) == before


# What cannot hold a palette.


@pytest.mark.parametrize(
    ("form", "options"),
    [("JPEG", {}), ("AVIF", {}), ("WEBP", {"quality": 80}), ("JPEG2000", {}), ("TGA", {})],
)
def test_what_cannot_hold_a_palette_is_skipped_and_is_a_fine_source(form, options, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(saved(draw_photo(), form, **options))
    before = state(tmp_path)
    outcome = rewrite(path)
    assert outcome.status == "skipped"
    assert "write another file" in outcome.reason
    assert state(tmp_path) == before
    target = tmp_path / "out.png"
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        assert (image.format, image.mode, len(colors_of(image.convert("RGB")))) == ("PNG", "P", 5)


def test_an_animated_lossy_webp_becomes_an_animated_png(tmp_path):
    path = tmp_path / "ball.webp"
    path.write_bytes(animated("WEBP", "RGB", lossless=False))
    assert rewrite(path).reason.startswith("lossy WebP cannot hold a palette")
    target = tmp_path / "ball.png"
    assert process(path, Settings(5), Policy(), target=target).frames == 4
    with Image.open(target) as image:
        assert (image.n_frames, image.info["loop"], image.info["duration"]) == (4, 3, 40)


def test_one_palette_serves_all_frames(tmp_path):
    for name, pages in (("pages.tiff", 3), ("background.gif", 4)):
        path = tmp_path / name
        path.write_bytes(FILES[name]())
        rewrite(path, 6)
        with Image.open(path) as image:
            seen = set()
            for page in range(pages):
                image.seek(page)
                seen |= colors_of(image.convert("RGBA"))
        assert len({color for color in seen if color[3]}) + 1 >= 6
        assert len({color if color[3] else () for color in seen}) <= 6


# Replacing a file.


def test_mode_and_owner_are_kept(photo_file):
    photo_file.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(photo_file, 1234, 2345)
    owner = photo_file.stat()
    assert rewrite(photo_file).status == "rewritten"
    found = photo_file.stat()
    assert stat.S_IMODE(found.st_mode) == 0o755
    assert (found.st_uid, found.st_gid) == (owner.st_uid, owner.st_gid)


def test_file_and_folder_are_synced_before_and_after_the_rename(photo_file, monkeypatch):
    calls = []
    sync, rename = os.fsync, Path.replace

    def record_sync(handle):
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def record_rename(path, target):
        calls.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(Path, "replace", record_rename)
    rewrite(photo_file)
    assert calls == ["file", "rename", "folder"]


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(1, "not allowed")])
def test_no_failure_leaves_anything(call, error, photo_file, tmp_path, monkeypatch):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(os if call == "fsync" else Path, call, fail)
    before = state(tmp_path)
    outcome = rewrite(photo_file)
    assert (outcome.status, outcome.reason) == ("failed", f"cannot be written: {error.strerror}")
    assert state(tmp_path) == before


def test_windows_sharing_errors_are_tried_again(photo_file, monkeypatch):
    rename, failures = Path.replace, [PermissionError(13, "in use")] * 2

    def stubborn(path, target):
        if failures:
            raise failures.pop()
        return rename(path, target)

    monkeypatch.setattr(atomic.os, "name", "nt")
    monkeypatch.setattr(Path, "replace", stubborn)
    atomic._rename(photo_file, photo_file.with_name("other.png"))
    assert photo_file.with_name("other.png").exists()


def test_a_file_that_is_replaced_while_it_is_worked_on_is_left(photo_file, tmp_path, monkeypatch):
    work = convert.convert

    def slow(*arguments):
        photo_file.write_bytes(b"a newer version")
        return work(*arguments)

    monkeypatch.setattr(convert, "convert", slow)
    outcome = rewrite(photo_file)
    assert outcome.status == "failed"
    assert "changed while it was worked on" in outcome.reason
    assert [(name, data) for name, (data, _) in state(tmp_path).items()] == [
        ("photo.png", b"a newer version")
    ]


def test_a_read_only_file_is_left(photo_file, tmp_path, monkeypatch):
    # As root every file can be written, so that the question is answered here.
    monkeypatch.setattr(os, "access", lambda path, how: False)
    before = state(tmp_path)
    assert rewrite(photo_file).reason == "cannot be written: Permission denied"
    assert state(tmp_path) == before


# Gates.


@pytest.mark.parametrize("savings", ["99%", "1MiB", 10**6])
def test_too_small_a_saving_is_not_worth_a_rewrite(savings, photo_file, tmp_path):
    before = state(tmp_path)
    outcome = rewrite(photo_file, min_savings=savings)
    assert outcome.status == "skipped"
    assert "less than min-savings=" in outcome.reason
    assert state(tmp_path) == before
    assert rewrite(photo_file, min_savings="10%").status == "rewritten"


def test_the_palette_is_the_rule_even_if_the_file_grows(tmp_path):
    path = tmp_path / "small.gif"
    image = Image.new("RGB", (2, 1))
    image.putpixel((1, 0), (255, 0, 0))
    image.save(path, "GIF")
    path.write_bytes(path.read_bytes())
    assert rewrite(path, 1).status == "rewritten"


@pytest.mark.parametrize("policy", [{"max_error": 1.0}, {"min_psnr": 50.0}])
def test_too_large_an_error_is_not_written(policy, photo_file, tmp_path):
    before = state(tmp_path)
    outcome = rewrite(photo_file, **policy)
    assert outcome.status == "skipped"
    assert outcome.reason.startswith("its error would be ")
    assert state(tmp_path) == before


def test_auto_finds_the_smallest_palette_that_will_do(photo_file, tmp_path):
    before = Image.open(photo_file).convert("RGB")
    outcome = process(photo_file, Settings(), Policy(min_psnr=30.0, auto_colors=True))
    count = len(outcome.palette)
    assert outcome.psnr >= 30
    assert quantize(before, count - 1).psnr < 30
    assert squared_error(before, Image.open(photo_file)) == pytest.approx(outcome.mse)
    assert process(photo_file, Settings(), Policy(min_psnr=20.0, auto_colors=True)).status == "unchanged"
    draw_photo().save(photo_file)
    unreachable = process(photo_file, Settings(), Policy(min_psnr=90.0, auto_colors=True))
    assert unreachable.status == "skipped"


@pytest.mark.parametrize(
    "options",
    [
        {"min_savings": "1 GiB"},
        {"min_savings": "101%"},
        {"min_savings": -1},
        {"max_error": -1.0},
        {"max_pixels": 0},
        {"format": "jpeg"},
        {"strip": 1},
        {"auto_colors": True},
    ],
)
def test_impossible_policies_are_refused(options):
    with pytest.raises(ValueError, match=r"=|needs"):
        Policy(**options)


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
        "pipe.png": "it is no regular file",
        "socket.png": "it is no regular file",
        "folder.png": "it is a folder",
        "link.png": "it is a symbolic link; give the file that it leads to",
        "missing.png": "cannot be read: No such file or directory",
        "dangling.png": "it is a symbolic link; give the file that it leads to",
    }
    before = sorted(path.name for path in tmp_path.iterdir())
    for name, reason in reasons.items():
        assert rewrite(tmp_path / name).reason == reason
    assert process(Path("/dev/zero"), Settings(5), Policy()).reason == "it is no regular file"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    listener.close()


def test_max_pixels_and_file_sizes_are_limits(photo_file):
    assert "more than max-pixels=100" in rewrite(photo_file, max_pixels=100).reason
    with photo_file.open("r+b") as file:
        file.truncate((1 << 24) + 1)
    assert "bytes are more than max-pixels=100 can take" in rewrite(photo_file, max_pixels=100).reason


def test_huge_and_tiny_pictures(tmp_path):
    for size in ((1, 1), (5000, 1), (1, 5000), (4000, 3000)):
        path = tmp_path / "size.png"
        noise = draw_photo(100, 100).resize(size)
        noise.save(path, compress_level=1)
        assert rewrite(path, 3).status == ("unchanged" if size == (1, 1) else "rewritten")


def test_a_gif_whose_frames_enlarge_the_canvas_is_limited_too(tmp_path):
    path = tmp_path / "bomb.gif"
    data = saved(Image.new("P", (1, 1)), "GIF")
    place = data.index(b",", 13)
    far = data[place : place + 1] + struct.pack("<HH", 65000, 65000) + data[place + 5 : -1]
    path.write_bytes(data[:-1] + far + b";")
    assert "more than max-pixels" in rewrite(path, max_pixels=10**6).reason


def test_a_frame_outside_of_the_canvas_is_refused(tmp_path):
    path = tmp_path / "outside.png"
    data = animated("PNG")
    place = data.rindex(b"fcTL")
    control = bytearray(data[place : place + 30])
    struct.pack_into(">I", control, 16, 1 << 30)
    checksum = struct.pack(">I", zlib.crc32(bytes(control)))
    path.write_bytes(data[:place] + bytes(control) + checksum + data[place + 34 :])
    assert rewrite(path).reason == "cannot be decoded: a frame lies outside of the canvas"


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits(bits, tmp_path):
    """Pillow gives the level as it is stored, and the pixels stretched to 8 bits."""
    path = tmp_path / "grey.png"
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
    assert "16-bit colours is transparent" in rewrite(path).reason


def test_channels_that_would_be_lost_are_refused(tmp_path):
    path = tmp_path / "deep.tif"
    data = bytearray(saved(draw_translucent(), "TIFF"))
    # The fourth channel is alpha only if its tag says so.
    place = data.index(struct.pack("<HHI", 338, 3, 1))
    data[place + 8 : place + 10] = b"\0\0"
    path.write_bytes(data)
    assert "of which those beside its colours would be lost" in rewrite(path).reason


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


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (several_pictures, "it holds more than one picture, and all but the first would be lost"),
        (with_subifds, "it has pictures within pictures (SubIFDs), which would be lost"),
        (with_profile, "its colour profile, which Pillow cannot read, would be lost"),
    ],
)
def test_what_would_be_lost_is_left(made, reason, tmp_path):
    path = tmp_path / "asset"
    path.write_bytes(made())
    before = state(tmp_path)
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("skipped", reason)
    assert state(tmp_path) == before


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


# The order of a palette.


def test_an_order_that_a_palette_has_is_kept_else_it_is_by_lightness(tmp_path):
    path = tmp_path / "sprite.png"
    colors = [(200, 0, 0), (10, 10, 10), (255, 255, 255), (0, 90, 0), (201, 1, 1), (11, 11, 11)]
    sprite = Image.frombytes("P", (6, 50), bytes(range(6)) * 50)
    sprite.putpalette([level for color in colors for level in color])
    sprite.save(path)
    rewrite(path, 4)
    with Image.open(path) as image:
        entries = [tuple(image.getpalette()[i : i + 3]) for i in range(0, 12, 3)]
    # Red, grey, white, green, as the two pairs of near colours become one each.
    assert [entry[0] > 100 > entry[1] for entry in entries] == [True, False, False, False]
    assert [entry == (255, 255, 255) for entry in entries] == [False, False, True, False]
    assert entries[3] == (0, 90, 0)
    sprite.convert("RGB").save(path)
    rewrite(path, 4)
    with Image.open(path) as image:
        levels = image.getpalette()
    luma = [299 * levels[i] + 587 * levels[i + 1] + 114 * levels[i + 2] for i in range(0, len(levels), 3)]
    assert luma == sorted(luma)


def test_transparent_comes_first(tmp_path):
    path = tmp_path / "soft.png"
    draw_translucent().save(path)
    rewrite(path, 6)
    with Image.open(path) as image:
        assert image.info["transparency"][0] == 0
        assert len(image.getpalette()) == 18


def test_a_given_palette_keeps_its_order_for_indexed_pictures():
    source = draw_photo().quantize(16)
    palette = Palette(["#ffffff", "#000000", "#808080"])
    result = quantize(source, palette=palette)
    assert result.palette.hex() == palette.hex()
    assert result.image.getpalette()[:9] == [255] * 3 + [0] * 3 + [128] * 3


def test_a_picture_in_the_given_palette_is_unchanged(tmp_path):
    path = tmp_path / "sprite.png"
    quantize(draw_photo(), palette=Palette(["#ffffff", "#000000"])).image.convert("RGB").save(path)
    settings = Settings(palette=Palette(["#000", "#f00", "#fff"]))
    assert process(path, settings, Policy()).status == "unchanged"
    assert process(path, Settings(palette=Palette(["#000", "#f00"])), Policy()).status == "rewritten"


# New files.


def test_a_result_that_exists_is_only_overwritten_by_force(photo_file, tmp_path):
    target = tmp_path / "out.png"
    target.write_bytes(b"precious")
    outcome = process(photo_file, Settings(5), Policy(), target=target)
    assert outcome.status == "failed"
    assert "--force" in outcome.reason
    assert target.read_bytes() == b"precious"
    assert process(photo_file, Settings(5), Policy(), target=target, force=True).status == "rewritten"
    stamp = target.stat().st_mtime_ns
    assert process(photo_file, Settings(5), Policy(), target=target).status == "unchanged"
    assert target.stat().st_mtime_ns == stamp


def test_few_colours_become_an_indexed_file_or_a_copy(tmp_path):
    flat = tmp_path / "flat.png"
    Image.new("RGB", (300, 300), "red").save(flat, compress_level=0)
    target = tmp_path / "out.png"
    assert process(flat, Settings(5), Policy(), target=target).psnr == float("inf")
    with Image.open(target) as image:
        assert image.mode == "P"
    again = tmp_path / "again.png"
    outcome = process(target, Settings(5), Policy(), target=again)
    assert "a copy" in outcome.reason
    assert again.read_bytes() == target.read_bytes()


def test_pages_are_never_flattened(tmp_path):
    path = tmp_path / "pages.tiff"
    path.write_bytes(tiff_pages())
    outcome = process(path, Settings(5), Policy(), target=tmp_path / "out.png")
    assert outcome.reason == "it has 3 pages, which PNG cannot hold; give another format"
    assert not (tmp_path / "out.png").exists()


def test_a_dry_run_does_everything_but_write(photo_file, tmp_path):
    before = state(tmp_path)
    outcome = process(photo_file, Settings(5), Policy(), dry_run=True)
    assert outcome.status == "would-rewrite"
    assert state(tmp_path) == before
    assert rewrite(photo_file).bytes_after == outcome.bytes_after == photo_file.stat().st_size


def test_the_same_bytes_as_pillow_would_show():
    """The writer of PNG is ours: what it writes is what the library gives."""
    image = draw_photo()
    done = convert.convert(saved(image, "PNG"), Settings(7), Policy())
    with Image.open(io.BytesIO(done.data)) as found:
        assert found.tobytes() == quantize(image, 7).image.tobytes()
