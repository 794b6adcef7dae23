"""Every container with everything it can hold, rewritten in place."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from conftest import draw_photo, draw_translucent
from drawings import FILES, PROFILE, XMP, animated, exif, gif, png_texts, saved, tiff_pages
from helpers import pixels_of, squared_error
from PIL import Image, ImageSequence

from kquant_hooks.assets.policy import Policy
from kquant_hooks.assets.process import process
from kquant_hooks.images.containers.table import read_document
from kquant_hooks.images.document import play
from kquant_hooks.images.sniff import png_chunks, riff_chunks
from kquant_hooks.quantizer.settings import Settings

K = 5


def rewrite(path: Path, colors: int = K, **policy: object):
    return process(path, Settings(colors), Policy(**policy))


def put(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(FILES[name]())
    return path


def frames_of(data: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]


def timing_of(data: bytes) -> list[object]:
    with Image.open(io.BytesIO(data)) as image:
        times = [(frame.load(), frame.info.get("duration"))[1] for frame in ImageSequence.Iterator(image)]
        return [image.info.get("loop"), getattr(image, "n_frames", 1), times]


def seen_colors(frames: list[Image.Image]) -> set[tuple[int, ...]]:
    """Distinct colours over all frames; clear pixels are one."""
    return {pixel if pixel[3] else (0, 0, 0, 0) for frame in frames for pixel in pixels_of(frame)}


@pytest.mark.parametrize("name", FILES)
def test_rewritten_in_its_own_container_and_never_again(name, tmp_path):
    path = put(tmp_path, name)
    before = path.read_bytes()
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("rewritten", "")
    after = path.read_bytes()
    old, new = frames_of(before), frames_of(after)
    with Image.open(io.BytesIO(before)) as image, Image.open(path) as other:
        assert (image.format, image.size) == (other.format, other.size)
    assert timing_of(after) == timing_of(before)
    assert len(seen_colors(new)) <= K < len(seen_colors(old))
    assert outcome.colors_before == len(seen_colors(old)) or "16" in name
    for was, now in zip(old, new, strict=True):
        for (*_, alpha), (*_, alpha_now) in zip(pixels_of(was), pixels_of(now), strict=True):
            if alpha in (0, 255):
                assert alpha_now == alpha
    stamp = path.stat().st_mtime_ns
    assert rewrite(path).status == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (after, stamp)


FEW_COLORS = [
    "grey.png",
    "indexed.png",
    "indexed-alpha.png",
    "still.gif",
    "interlaced.gif",
    "grey.bmp",
    "grey.pgm",
]


@pytest.mark.parametrize("name", FEW_COLORS)
def test_enough_colours_leave_every_byte(name, tmp_path):
    path = put(tmp_path, name)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    distinct = len(seen_colors(frames_of(before[0])))
    assert rewrite(path, distinct).status == "unchanged"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert rewrite(path, distinct - 1).status == "rewritten"


@pytest.mark.parametrize("container", ["PNG", "GIF", "WebP", "TIFF", "BMP", "PPM"])
@pytest.mark.parametrize("name", FILES)
def test_moved_into_every_container_or_refused_by_name(name, container, tmp_path):
    path = put(tmp_path, name)
    target = tmp_path / f"out.{container.lower()}"
    outcome = process(path, Settings(K), Policy(format=container.lower()), target=target)
    if outcome.status == "failed":
        assert container in outcome.reason
        assert "cannot hold" in outcome.reason
        assert not target.exists()
        return
    old, new = frames_of(path.read_bytes()), frames_of(target.read_bytes())
    if name == "animated-still.png" and container != "PNG":
        # The still for viewers without animation has no place there.
        old = old[1:]
    assert len(new) == len(old)
    assert len(seen_colors(new)) <= K
    if len(new) > 1 and name != "animated-still.png" and container != "TIFF":
        assert timing_of(target.read_bytes())[2] == timing_of(path.read_bytes())[2]


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(kind, bytes(content)) for kind, content in png_chunks(data)]


def test_png_chunks_survive_byte_by_byte(tmp_path):
    path = tmp_path / "all.png"
    options = {"pnginfo": png_texts(), "icc_profile": PROFILE, "exif": exif(), "dpi": (300, 72)}
    path.write_bytes(saved(draw_translucent(), "PNG", **options))
    before = chunks(path.read_bytes())
    rewrite(path)
    after = chunks(path.read_bytes())
    made_anew = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    kept = [chunk for chunk in before if chunk[0] not in made_anew]
    assert [chunk for chunk in after if chunk[0] not in made_anew] == kept
    assert {b"iCCP", b"eXIf", b"pHYs", b"gAMA", b"cICP", b"tEXt", b"zTXt", b"iTXt", b"npTc"} <= {
        k for k, _ in kept
    }
    kinds = [kind for kind, _ in after]
    assert kinds.index(b"iCCP") < kinds.index(b"PLTE") < kinds.index(b"IDAT") < kinds.index(b"npLb")


# Pillow pastes translucent frames where the specification blends them.
PLAYED = {name for name in FILES if "animated" in name or name.endswith(".gif")}
PLAYED -= {"animated-soft.png", "animated-over.png"}


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_frames_are_played_as_pillow_plays_them(name):
    data = FILES[name]()
    container = {"png": "PNG", "gif": "GIF", "webp": "WebP"}[name.rpartition(".")[2]]
    document = read_document(data, container, 10**6)
    for wanted, shown in zip(frames_of(data), play(document), strict=True):
        for before, after in zip(pixels_of(wanted), pixels_of(shown.canvas.convert("RGBA")), strict=True):
            assert before == after or before[3] == after[3] == 0


def test_translucent_frames_over_others_become_what_is_seen(tmp_path):
    path = put(tmp_path, "animated-soft.png")
    before = [shown.canvas.copy() for shown in play(read_document(path.read_bytes(), "PNG", 10**6))]
    assert any(0 < alpha < 255 and alpha != 140 for _, _, _, alpha in pixels_of(before[-1]))
    assert rewrite(path, 12).status == "rewritten"
    after = [shown.canvas.copy() for shown in play(read_document(path.read_bytes(), "PNG", 10**6))]
    assert len(seen_colors(after)) <= 12
    for was, now in zip(before, after, strict=True):
        assert squared_error(was, now) < 900


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
    # Black became the index of what is nearest to it.
    levels = found[b"PLTE"]
    darkest = min(range(K), key=lambda index: sum(level**2 for level in levels[3 * index : 3 * index + 3]))
    assert found[b"bKGD"] == bytes([darkest])


@pytest.mark.parametrize("count", [2, 4, 16, 17, 256])
def test_png_and_bmp_have_the_fewest_bits_and_no_unused_entry(count, tmp_path):
    bits = {2: 1, 4: 2, 16: 4, 17: 8, 256: 8}[count]
    path = tmp_path / "photo.png"
    draw_photo(200, 100).save(path)
    rewrite(path, count)
    found = dict(chunks(path.read_bytes()))
    assert (found[b"IHDR"][8], found[b"IHDR"][9], len(found[b"PLTE"])) == (bits, 3, 3 * count)
    bitmap = tmp_path / "photo.bmp"
    draw_photo(201, 100).save(bitmap)
    rewrite(bitmap, count)
    header = bitmap.read_bytes()[:54]
    assert struct.unpack_from("<H", header, 28)[0] == max(bits, 4) if bits > 1 else 1
    assert struct.unpack_from("<I", header, 46)[0] == count


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


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_animations_look_the_same_but_for_their_colours(disposal, tmp_path):
    """Each pixel's new colour depends on its old one alone, in every frame."""
    path = tmp_path / "ball.gif"
    path.write_bytes(gif(disposal))
    old = frames_of(path.read_bytes())
    rewrite(path, 8)
    found: dict[tuple[int, ...], tuple[int, ...]] = {}
    for was, now in zip(old, frames_of(path.read_bytes()), strict=True):
        for before, after in zip(pixels_of(was), pixels_of(now), strict=True):
            assert (before[3] == 0) == (after[3] == 0)
            if before[3]:
                assert found.setdefault(before, after) == after


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


def test_a_tiff_on_its_side_stays_so_in_its_tags(tmp_path):
    path = tmp_path / "side.tif"
    tags = Image.Exif()
    tags[0x0112] = 6
    path.write_bytes(saved(draw_photo(60, 40), "TIFF", exif=tags, dpi=(100, 200)))
    rewrite(path, 200)
    # From memory: of a file that it maps into memory Pillow would not turn the pixels.
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["dpi"] == (100, 200)
        assert image.tag_v2[256] == 60
        image.load()
        # Pillow turns it.
        assert image.size == (40, 60)
    for form, turned in (("png", False), ("webp", False), ("gif", True), ("bmp", True), ("ppm", True)):
        target = tmp_path / f"out.{form}"
        assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
        with Image.open(target) as image:
            assert image.size == ((40, 60) if turned else (60, 40))
            assert image.getexif().get(0x0112, 1) == (1 if turned else 6)


def test_a_profile_of_grey_levels_stays_with_grey_levels(tmp_path):
    path = tmp_path / "grey.png"
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


def test_what_follows_the_end_stays(tmp_path):
    for name in ("still.gif", "rgb.png"):
        path = put(tmp_path, name)
        path.write_bytes(path.read_bytes() + b"an archive")
        assert rewrite(path).status == "rewritten"
        assert path.read_bytes().endswith(b"an archive")


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_stripping_keeps_what_shows_the_picture(form, tmp_path):
    path = tmp_path / f"all.{form.lower()}"
    options = {"pnginfo": png_texts()} if form == "PNG" else {"lossless": True, "xmp": XMP}
    path.write_bytes(saved(draw_photo(), form, icc_profile=PROFILE, exif=exif(), **options))
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


def test_metadata_moves_between_containers(tmp_path):
    source = tmp_path / "photo.jpg"
    options = {"exif": exif(), "dpi": (300, 300), "icc_profile": PROFILE, "comment": b"by hand", "xmp": XMP}
    source.write_bytes(saved(draw_photo(60, 40), "JPEG", **options))
    for form in ("png", "webp", "tiff", "gif", "bmp", "ppm"):
        target = tmp_path / f"photo.{form}"
        outcome = process(source, Settings(K), Policy(), target=target)
        assert outcome.status == "rewritten", outcome
        with Image.open(target) as image:
            image.load()
            turned = form in ("tiff", "gif", "bmp", "ppm")
            assert image.size == ((40, 60) if turned else (60, 40))
            if form in ("png", "webp", "tiff"):
                assert image.getexif()[0x010F] == "a camera"
                assert image.getexif().get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"
                assert image.getexif().get(0x0112, 1) == (1 if turned else 6)
            if form in ("png", "webp", "tiff"):
                assert image.info["icc_profile"] == PROFILE
                assert (image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()) == XMP
            if form in ("png", "tiff", "bmp"):
                assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            if form in ("gif", "png"):
                assert image.info.get("comment", image.info.get("Comment")) in (b"by hand", "by hand")
    # Pillow does not read a GIF's profile and XMP; we do.
    target = tmp_path / "again.png"
    assert process(tmp_path / "photo.gif", Settings(K), Policy(), target=target).status == "rewritten"
    with Image.open(target) as image:
        image.load()
        assert image.info["icc_profile"] == PROFILE
        assert image.info["XML:com.adobe.xmp"].encode() == XMP


@pytest.mark.parametrize(
    "name", ["rgb.png", "rgba.png", "animated.png", "animated-still.png", "indexed-alpha.png"]
)
def test_oxipng_changes_nothing_but_the_size(name, tmp_path, monkeypatch):
    pytest.importorskip("oxipng")
    path = put(tmp_path, name)
    assert rewrite(path, 20).status == "rewritten"
    smaller = path.read_bytes()
    path = put(tmp_path, name)
    monkeypatch.setitem(sys.modules, "oxipng", None)
    rewrite(path, 20)
    plain = path.read_bytes()
    assert len(smaller) < len(plain)
    for found, wanted in zip(frames_of(smaller), frames_of(plain), strict=True):
        assert found.tobytes() == wanted.tobytes()
    assert timing_of(smaller) == timing_of(plain)
    pixels = {b"IDAT", b"fdAT"}
    carried = [chunk for chunk in chunks(plain) if chunk[0] not in pixels]
    assert sorted(chunk for chunk in chunks(smaller) if chunk[0] not in pixels) == sorted(carried)
