"""Metadata is kept, byte for byte if possible."""

from __future__ import annotations

import io

import pytest
from drawings import PROFILE, XMP, animated, exif, gif, png_texts, saved, tiff_pages
from files import (
    K,
    chunks,
    put,
    rewrite,
    timing_of,
)
from helpers import pixels_of
from photos import draw_photo, draw_translucent
from PIL import Image, ImageOps

from kquant_hooks.assets.process import process
from kquant_hooks.formats.chunks import riff_chunks
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings


def test_png_chunks_survive_byte_by_byte(tmp_path):
    path = tmp_path / "all.png"
    options = {"pnginfo": png_texts(), "icc_profile": PROFILE, "exif": exif(), "dpi": (300, 72)}
    path.write_bytes(saved(draw_translucent(), "PNG", **options))
    before = chunks(path.read_bytes())
    rewrite(path)
    after = chunks(path.read_bytes())
    rewritten = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    kept = [chunk for chunk in before if chunk[0] not in rewritten]
    assert [chunk for chunk in after if chunk[0] not in rewritten] == kept
    assert {b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cICP", b"tEXt", b"zTXt", b"iTXt", b"npTc"} <= {
        k for k, _ in kept
    }
    kinds = [kind for kind, _ in after]
    assert kinds.index(b"iCCP") < kinds.index(b"PLTE") < kinds.index(b"IDAT") < kinds.index(b"npLb")


def test_unknown_chunks_go_unless_they_allow_copying(tmp_path):
    path = tmp_path / "photo.png"
    texts = png_texts()
    texts.add(b"myCH", b"about the pixels")
    path.write_bytes(saved(draw_photo(), "PNG", pnginfo=texts))
    rewrite(path)
    kinds = {kind for kind, _ in chunks(path.read_bytes())}
    assert b"npTc" in kinds
    assert b"myCH" not in kinds


def test_chunks_about_the_old_pixels_go(tmp_path):
    path = tmp_path / "old.png"
    texts = png_texts()
    texts.add(b"bKGD", bytes(6))
    texts.add(b"sBIT", bytes([8, 8, 8]))
    path.write_bytes(saved(draw_photo(), "PNG", pnginfo=texts))
    assert {b"bKGD", b"sBIT"} <= {kind for kind, _ in chunks(path.read_bytes())}
    rewrite(path)
    found = dict(chunks(path.read_bytes()))
    assert b"sBIT" not in found
    # Black became the index of the nearest entry.
    levels = found[b"PLTE"]
    darkest = min(range(K), key=lambda index: sum(level**2 for level in levels[3 * index : 3 * index + 3]))
    assert found[b"bKGD"] == bytes([darkest])


def test_gif_blocks_survive_in_their_places(tmp_path):
    path = tmp_path / "all.gif"
    data = gif([0, 1, 2, 3], comment=b"by hand")
    # Before the first picture; a second comment and an unknown application's block.
    place = data.index(b"\x21\xfe")
    extra = b"\x21\xfe\x05later\x00" + b"\x21\xff\x0bUNKNOWN1234\x03abc\x00"
    path.write_bytes(data[:place] + extra + data[place:])
    rewrite(path)
    after = path.read_bytes()
    assert extra in after
    assert b"by hand" in after
    assert after.index(b"NETSCAPE2.0") < after.index(b",", 30)

    def disposals(content):
        starts = [i for i in range(len(content)) if content.startswith(b"\x21\xf9\x04", i)]
        return [content[i + 3] >> 2 & 7 for i in starts]

    assert disposals(after) == disposals(data)


def test_webp_chunks_survive(tmp_path):
    path = tmp_path / "all.webp"
    path.write_bytes(animated("WEBP", lossless=True, icc_profile=PROFILE, exif=exif(), xmp=XMP))
    before = dict(riff_chunks(memoryview(path.read_bytes())[12:]))
    kept = {kind: bytes(before[kind]) for kind in (b"ICCP", b"EXIF", b"XMP ", b"ANIM", b"VP8X")}
    rewrite(path)
    after = dict(riff_chunks(memoryview(path.read_bytes())[12:]))
    assert {kind: bytes(after[kind]) for kind in kept} == kept


def test_tiff_tags_survive_on_every_page(tmp_path):
    path = tmp_path / "pages.tiff"
    path.write_bytes(tiff_pages())
    rewrite(path)
    with Image.open(path) as image:
        assert image.n_frames == 3
        for number in range(3):
            image.seek(number)
            assert image.mode == "P"
            assert image.tag_v2[270] == f"page {number}"
            assert image.tag_v2[315] == "an artist"
            assert image.tag_v2[65000] == "a private tag"
            assert image.info["dpi"] == (100 + number, 200)
            assert image.info["compression"] == "tiff_lzw"
            assert len({tuple(color) for color in pixels_of(image.convert("RGB"))}) <= K


@pytest.mark.parametrize("order", ["II", "MM"])
def test_tiff_directories_survive_in_either_byte_order(order, tmp_path):
    path = tmp_path / "photo.tif"
    path.write_bytes(saved(draw_photo(), "TIFF", exif=exif(1), icc_profile=PROFILE))
    if order == "MM":
        tags = Image.Exif()
        tags.endian = ">"
        tags.load(exif(1))
        image = draw_photo().convert("L")
        image.save(path, "TIFF", exif=tags, icc_profile=PROFILE)
    rewrite(path)
    with Image.open(path) as image:
        assert image.tag_v2[271] == "a camera"
        assert image.getexif().get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"
        assert image.info["icc_profile"] == PROFILE


def test_a_tiff_keeps_its_orientation_tag(tmp_path):
    path = tmp_path / "side.tif"
    tags = Image.Exif()
    tags[0x0112] = 6
    path.write_bytes(saved(draw_photo(60, 40), "TIFF", exif=tags, dpi=(100, 200)))
    rewrite(path, 200)
    # From memory, because Pillow does not rotate the pixels of a memory-mapped file.
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["dpi"] == (100, 200)
        assert image.tag_v2[256] == 60
        image.load()
        # Pillow rotates it.
        assert image.size == (40, 60)
    for format_name, turned in (("png", False), ("webp", False), ("gif", True), ("bmp", True), ("ppm", True)):
        target = tmp_path / f"out.{format_name}"
        assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
        with Image.open(target) as image:
            assert image.size == ((40, 60) if turned else (60, 40))
            assert image.getexif().get(0x0112, 1) == (1 if turned else 6)


def test_a_profile_of_grey_levels_stays_with_grey_levels(tmp_path):
    path = tmp_path / "gray.png"
    profile = bytearray(PROFILE)
    profile[16:20] = b"GRAY"
    path.write_bytes(saved(draw_photo().convert("L"), "PNG", icc_profile=bytes(profile)))
    rewrite(path)
    with Image.open(path) as image:
        assert image.mode == "L"
        assert image.info["icc_profile"] == profile
        assert len(image.getcolors()) == K


@pytest.mark.parametrize("kind", ["P3", "P6"])
def test_comments_of_a_ppm_survive(kind, tmp_path):
    path = tmp_path / "photo.ppm"
    binary = saved(draw_photo(20, 10), "PPM")
    if kind == "P3":
        numbers = " ".join(map(str, binary[-600:]))
        path.write_text(f"P3 # by hand\n#again\n20 10 255\n{numbers}\n")
    else:
        path.write_bytes(b"P6 # by hand\n#again\n" + binary[3:])
    assert rewrite(path).status == "rewritten"
    assert path.read_bytes().startswith(b"P6\n# by hand\n#again\n20 10\n")
    assert rewrite(path).status == "unchanged"
    rewrite(path, 2, strip=True)
    assert path.read_bytes().startswith(b"P6\n20 10\n")


def test_bytes_after_the_end_are_kept(tmp_path):
    for name in ("still.gif", "rgb.png", "rgba.webp", "animated.webp"):
        path = put(tmp_path, name)
        path.write_bytes(path.read_bytes() + b"an archive")
        assert rewrite(path).status == "rewritten"
        assert path.read_bytes().endswith(b"an archive")


@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_stripping_keeps_profile_and_orientation(format_name, tmp_path):
    path = tmp_path / f"all.{format_name.lower()}"
    options = {"pnginfo": png_texts()} if format_name == "PNG" else {"lossless": True, "xmp": XMP}
    path.write_bytes(saved(draw_photo(), format_name, icc_profile=PROFILE, exif=exif(), **options))
    rewrite(path, strip=True)
    with Image.open(path) as image:
        image.load()
        assert image.info["icc_profile"] == PROFILE
        assert dict(image.getexif()) == {0x0112: 6}
        assert not {"xmp", "Title", "Description", "XML:com.adobe.xmp"} & set(image.info)


def test_stripping_a_gif_and_a_tiff(tmp_path):
    path = tmp_path / "all.gif"
    path.write_bytes(gif(1, comment=b"by hand"))
    rewrite(path, strip=True)
    assert b"by hand" not in path.read_bytes()
    assert timing_of(path.read_bytes())[0] == 3
    path = tmp_path / "pages.tiff"
    path.write_bytes(tiff_pages())
    rewrite(path, strip=True)
    with Image.open(path) as image:
        assert not {270, 315} & set(image.tag_v2)
        assert image.info["dpi"] == (100, 200)


def test_metadata_is_converted_between_formats(tmp_path):
    source = tmp_path / "photo.jpg"
    options = {"exif": exif(), "dpi": (300, 300), "icc_profile": PROFILE, "comment": b"by hand", "xmp": XMP}
    source.write_bytes(saved(draw_photo(60, 40), "JPEG", **options))
    for format_name in ("png", "webp", "tiff", "gif", "bmp", "ppm"):
        target = tmp_path / f"photo.{format_name}"
        outcome = process(source, Settings(K), Policy(), target=target)
        assert outcome.status == "rewritten", outcome
        with Image.open(target) as image:
            image.load()
            turned = format_name in ("tiff", "gif", "bmp", "ppm")
            assert image.size == ((40, 60) if turned else (60, 40))
            if format_name in ("png", "webp", "tiff"):
                assert image.getexif()[0x010F] == "a camera"
                assert image.getexif().get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"
                assert image.getexif().get(0x0112, 1) == (1 if turned else 6)
            if format_name in ("png", "webp", "tiff"):
                assert image.info["icc_profile"] == PROFILE
                assert (image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()) == XMP
            if format_name in ("png", "tiff", "bmp"):
                assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            if format_name in ("gif", "png"):
                assert image.info.get("comment", image.info.get("Comment")) in (b"by hand", "by hand")
    # Pillow does not read a GIF's profile and XMP, but we do.
    target = tmp_path / "again.png"
    assert process(tmp_path / "photo.gif", Settings(K), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        image.load()
        assert image.info["icc_profile"] == PROFILE
        assert image.info["XML:com.adobe.xmp"].encode() == XMP


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_rotated_for_formats_without_an_orientation(orientation, tmp_path):
    source, target = tmp_path / "photo.png", tmp_path / "photo.bmp"
    source.write_bytes(saved(draw_photo(12, 7), "PNG", exif=exif(orientation)))
    assert process(source, Settings(256), Policy(), target=target).status == "rewritten"
    with Image.open(source) as before, Image.open(target) as after:
        assert after.convert("RGB").tobytes() == ImageOps.exif_transpose(before).tobytes()
