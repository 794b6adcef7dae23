"""What needs no quantizing is known before any is done."""

from __future__ import annotations

import io
import os

import pytest
from drawings import FILES, saved
from files import rewrite
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks.assets import convert
from kquant_hooks.assets.process import process
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.pipeline import cluster

DESCRIPTION = 270


@pytest.fixture
def clusterings(monkeypatch) -> list[int]:
    """The number of colours of each clustering."""
    done = []

    def counted(histogram, settings, *rest):
        done.append(settings.colors)
        return cluster(histogram, settings, *rest)

    monkeypatch.setattr("kquant_hooks.images.quantize.cluster", counted)
    monkeypatch.setattr("kquant_hooks.documents.reduce.cluster", counted)
    return done


def all_translucent() -> Image.Image:
    image = draw_photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda level: 1 + level // 2))
    return image


def hardly_translucent() -> Image.Image:
    """One pixel is, and has the colour of opaque ones."""
    image = draw_photo().convert("RGBA")
    image.putpixel((0, 0), (*image.getpixel((1, 0))[:3], 254))
    return image


REFUSED = {
    "transparent to BMP": (lambda: saved(draw_translucent(), "PNG"), "out.bmp", "BMP cannot hold transp"),
    "transparent to PPM": (lambda: saved(draw_translucent(), "PNG"), "out.ppm", "PPM cannot hold transp"),
    "a key to BMP": (FILES["rgb-key.png"], "out.bmp", "BMP cannot hold transparency"),
    "translucent to BMP": (
        lambda: saved(all_translucent(), "PNG"),
        "out.bmp",
        "BMP cannot hold transparency",
    ),
    "animated to BMP": (FILES["animated.png"], "out.bmp", "it has 4 frames, which BMP cannot hold"),
    "animated to TIFF": (FILES["mixed.gif"], "out.tif", "it has 4 frames, which TIFF cannot hold"),
    "pages to PNG": (FILES["pages.tiff"], "out.png", "it has 3 pages, which PNG cannot hold"),
    "values in place": (
        lambda: saved(draw_photo(), "TIFF", tiffinfo={DESCRIPTION: "<?xml version='1.0'?><OME></OME>"}),
        None,
        "its OME-XML would be wrong for palette indices",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_format_cannot_hold_is_refused_without_a_palette(case, tmp_path, clusterings):
    make, target, reason = REFUSED[case]
    path = tmp_path / "picture"
    path.write_bytes(make())
    outcome = process(path, Settings(5), Policy(), target=target and tmp_path / target)
    assert outcome.status == ("failed" if target else "skipped")
    assert outcome.reason.startswith(reason)
    assert clusterings == []


@pytest.mark.parametrize("name", ["animated.png", "pages.tiff"])
def test_frames_and_pages_are_refused_without_a_pixel(name, tmp_path, monkeypatch):
    monkeypatch.setattr(convert, "mode_without_palette", lambda _: pytest.fail("it was decoded"))
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    assert "cannot hold" in process(path, Settings(5), Policy(), target=tmp_path / "out.bmp").reason


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (hardly_translucent, Settings(5)),
        (all_translucent, Settings(palette=["#000", "#fff"])),
        (draw_translucent, Settings(palette=["#000", "#fff"])),
        (all_translucent, Settings(5, fixed=["#000", "#fff"])),
        (all_translucent, Settings(5, alpha="hard")),
        (hardly_translucent, Settings(5, alpha="hard")),
    ],
)
def test_only_what_the_writer_would_refuse_is_refused_before(make, settings, tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_bytes(saved(make(), "PNG"))
    found = process(path, settings, Policy(), target=tmp_path / "1.bmp")
    monkeypatch.setattr(convert, "check_colors", lambda *_: None)
    late = process(path, settings, Policy(), target=tmp_path / "2.bmp")
    assert (found.status, found.reason, found.bytes_after) == (late.status, late.reason, late.bytes_after)


def few_colours(kind: str) -> bytes:
    image = Image.linear_gradient("L").convert("RGB").quantize(9).convert("RGB")
    return saved(image, kind, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("auto", [False, True])
def test_a_file_that_is_within_its_palette_is_not_quantized_to_see_it(kind, auto, tmp_path, clusterings):
    path = tmp_path / "few"
    path.write_bytes(few_colours(kind))
    policy = Policy(auto_colors=auto, min_psnr=90)
    assert process(path, Settings(9), policy).reason == "it has 9 colours"
    assert clusterings == []


def test_no_number_of_colours_is_looked_for_where_the_largest_will_not_do(photo_file, clusterings):
    outcome = rewrite(photo_file, 64, auto_colors=True, min_psnr=90)
    assert outcome.status == "skipped"
    assert clusterings == [64]


# Results that exist.


def other_size() -> bytes:
    return saved(draw_photo(64, 95).quantize(4), "PNG")


def too_many_entries() -> bytes:
    return saved(draw_photo().quantize(6), "PNG")


EXISTING = {
    "of another size": other_size,
    "of more colours": too_many_entries,
    "in another format": lambda: saved(draw_photo().quantize(4), "GIF"),
    "cut off in its header": lambda: too_many_entries()[:20],
    "no picture": lambda: b"precious",
    "a folder": None,
}


def put_target(case: str, folder) -> None:
    make = EXISTING[case]
    if make is None:
        (folder / "out.png").mkdir()
    else:
        (folder / "out.png").write_bytes(make())


@pytest.mark.parametrize("case", EXISTING)
def test_a_result_that_can_be_seen_to_be_another_is_not_made_to_compare(
    case, photo_file, tmp_path, monkeypatch
):
    put_target(case, tmp_path)
    target = tmp_path / "out.png"
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("it was quantized"))
    outcome = process(photo_file, Settings(5), Policy(), target=target)
    assert outcome.status == "failed"
    assert outcome.reason == f"{target} already exists with different content; use --force to overwrite it"


@pytest.mark.parametrize("case", EXISTING)
def test_a_file_that_is_left_alone_fails_for_no_result(case, photo_file, tmp_path):
    put_target(case, tmp_path)
    policy = Policy(min_psnr=90)
    assert process(photo_file, Settings(5), policy, target=tmp_path / "out.png").status == "skipped"


def test_a_copy_may_have_more_entries_than_were_asked_for(tmp_path):
    """Where few of them are used, and the file is no smaller without the others."""
    image = Image.new("P", (1, 1))
    image.putpalette(bytes(range(24)))
    path = tmp_path / "long.png"
    path.write_bytes(saved(image, "PNG", bits=8))
    target = tmp_path / "out.png"
    first = process(path, Settings(2), Policy(), target=target)
    assert first.status == "rewritten"
    again = process(path, Settings(2), Policy(), target=target)
    assert (again.status, again.reason) == ("unchanged", f"{target} is up to date")


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("form", ["png", "gif", "webp", "tiff", "bmp", "ppm"])
def test_a_second_run_finds_what_the_first_one_wrote(name, form, tmp_path):
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    target = tmp_path / "results" / f"out.{form}"
    settings = Settings(5, effort="fast", alpha="hard")
    first = process(path, settings, Policy(format=form), target=target)
    again = process(path, settings, Policy(format=form), target=target)
    assert again.status == ("unchanged" if first.status == "rewritten" else first.status), again.reason
    assert os.path.lexists(target) == (first.status == "rewritten")


def test_pictures_on_their_side_may_be_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path, target = tmp_path / "a.png", tmp_path / "a.gif"
    path.write_bytes(saved(draw_photo(), "PNG", exif=exif.tobytes()))
    assert process(path, Settings(5), Policy(), target=target).status == "rewritten"
    with Image.open(io.BytesIO(target.read_bytes())) as image:
        assert image.size == (64, 96)
    assert process(path, Settings(5), Policy(), target=target).status == "unchanged"
