"""``KMeansQuantize`` in ``Image.filter``: every mode, and the promises of filters."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import colors_of, pixels_of, premultiplied
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette
from kquant_hooks.images.modes import CONVERSIONS, MODES


def picture(mode: str, photo: Image.Image, translucent: Image.Image) -> Image.Image:
    if mode in ("LA", "RGBA"):
        return translucent.convert(mode)
    if mode.startswith("I;16"):
        levels = np.asarray(photo.convert("L")).astype(np.uint16) * 250 + 17
        deep = Image.frombytes("I;16", photo.size, levels.astype("<u2").tobytes())
        return deep if mode == "I;16" else Image.frombytes(mode, photo.size, _stored(levels, mode))
    return photo.convert(mode)


def _stored(levels: np.ndarray, mode: str) -> bytes:
    return levels.astype({"I;16B": ">u2", "I;16L": "<u2", "I;16N": "=u2"}[mode]).tobytes()


def test_every_mode_of_pillow_is_in_exactly_one_table():
    assert set(MODES) | set(CONVERSIONS) == set(Image.MODES)
    assert not set(MODES) & set(CONVERSIONS)


@pytest.mark.parametrize("form", ["instance", "class"])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_mode_and_size_are_kept_and_colours_limited(mode, form, photo, translucent):
    image = picture(mode, photo, translucent)
    before = image.tobytes()
    result = image.filter(KMeansQuantize(5) if form == "instance" else KMeansQuantize)
    assert (result.mode, result.size) == (image.mode, image.size)
    assert image.tobytes() == before
    limit = 5 if form == "instance" else 256
    shown = result.convert("RGB") if mode == "P" else result
    had = image.convert("RGB") if mode == "P" else image
    assert len(colors_of(shown)) == min(limit, len(colors_of(had)))


@pytest.mark.parametrize("mode", sorted(MODES))
def test_one_colour(mode, photo):
    image = picture(mode, photo, photo.convert("RGBA"))
    result = image.filter(KMeansQuantize(1))
    assert len(colors_of(result.convert("RGB") if mode == "P" else result)) == 1


@pytest.mark.parametrize(("mode", "target"), sorted(CONVERSIONS.items()))
def test_other_modes_are_refused_with_the_conversion_to_call(mode, target):
    with pytest.raises(
        ValueError, match=f"cannot quantize mode '{mode}' images; convert to '{target}' first"
    ):
        Image.new(mode, (3, 2)).filter(KMeansQuantize(5))


@pytest.mark.parametrize(("mode", "target"), sorted(CONVERSIONS.items()))
def test_the_named_conversion_exists_and_leads_to_a_native_mode(mode, target):
    result = Image.new(mode, (3, 2)).convert(target).filter(KMeansQuantize(5))
    assert result.mode == target


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0), (1, 1), (1, 9), (9, 1)])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_small_and_empty_sizes(mode, size):
    result = Image.new(mode, size).filter(KMeansQuantize(2))
    assert (result.mode, result.size) == (mode, size)


def test_an_image_with_few_colours_comes_back_unchanged():
    image = Image.new("RGB", (4, 4), "#123456")
    image.putpixel((1, 2), (255, 0, 1))
    assert image.filter(KMeansQuantize(2)).tobytes() == image.tobytes()


def test_the_result_shares_no_memory_with_the_source():
    image = Image.new("RGB", (4, 4), "#123456")
    image.filter(KMeansQuantize(2)).putpixel((0, 0), (1, 2, 3))
    assert image.getpixel((0, 0)) == (0x12, 0x34, 0x56)


def test_p_keeps_its_indices_and_their_order(photo):
    image = photo.quantize(64)
    result = image.filter(KMeansQuantize(8))
    assert result.tobytes() == image.tobytes()
    assert len(colors_of(result.convert("RGB"))) == 8


def test_p_with_transparent_index_can_be_saved_and_keeps_its_alpha(photo, tmp_path):
    image = photo.quantize(64)
    image.info["transparency"] = 5
    result = image.filter(KMeansQuantize(8))
    result.save(tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as reopened:
        alpha = np.asarray(reopened.convert("RGBA"))[..., 3]
    assert np.array_equal(alpha == 0, np.asarray(image) == 5)


def test_p_weighs_palette_entries_by_their_use():
    image = Image.new("P", (10, 1))
    image.putpalette([0, 0, 0, 100, 100, 100, 250, 250, 250])
    image.putdata([0] * 8 + [1, 2])
    assert colors_of(image.filter(KMeansQuantize(2)).convert("RGB")) == {(11, 11, 11), (250, 250, 250)}


def test_p_with_alpha_in_its_palette_stays_transparent(translucent):
    image = Image.new("P", (4, 1))
    image.putpalette([9, 9, 9, 0, 200, 0, 0, 255, 210, 0, 0, 255, 0, 0, 250, 255], "RGBA")
    image.putdata([0, 1, 2, 3])
    image.load()
    alpha = [pixel[3] for pixel in pixels_of(image.filter(KMeansQuantize(3)).convert("RGBA"))]
    assert alpha == [0, 255, 255, 255]


@pytest.mark.parametrize("colors", [2, 3, 8, 64])
def test_transparent_stays_transparent_and_opaque_stays_opaque(translucent, colors):
    result = translucent.filter(KMeansQuantize(colors))
    before = np.asarray(translucent)[..., 3]
    pixels = np.asarray(result)
    assert (pixels[before == 0] == 0).all()
    assert (pixels[before == 255][:, 3] == 255).all()
    assert len(colors_of(result)) <= colors


def test_opaque_pixels_never_take_an_almost_opaque_entry():
    image = Image.new("RGBA", (150, 1))
    image.putdata([(200, 0, 0, 250)] * 90 + [(200, 0, 0, 255)] * 10 + [(0, 0, 255, 255)] * 50)
    alpha = [pixel[3] for pixel in pixels_of(image.filter(KMeansQuantize(2)))]
    assert alpha[90:] == [255] * 60


def test_alpha_is_clustered_premultiplied():
    # Two faint colours of very different hue look less different than two opaque greys.
    image = Image.new("RGBA", (4, 1))
    image.putdata([(255, 0, 0, 4), (0, 0, 255, 4), (0, 0, 0, 255), (60, 60, 60, 255)])
    result = pixels_of(image.filter(KMeansQuantize(3)))
    assert result[0] == result[1]
    assert result[2:] == [(0, 0, 0, 255), (60, 60, 60, 255)]


def test_one_colour_of_a_partly_transparent_image_is_refused(translucent):
    with pytest.raises(ValueError, match=r"colors=1 cannot tell transparent pixels from .* use colors=2"):
        translucent.filter(KMeansQuantize(1))


def test_hidden_colours_under_alpha_0_are_one_colour():
    image = Image.new("RGBA", (3, 1))
    image.putdata([(1, 2, 3, 0), (200, 2, 3, 0), (9, 9, 9, 255)])
    assert pixels_of(image.filter(KMeansQuantize(2))) == [(0,) * 4, (0,) * 4, (9, 9, 9, 255)]
    # Three stored values are at most three colours, however they are counted.
    assert image.filter(KMeansQuantize(3)).tobytes() == image.tobytes()


def test_sixteen_bits_keep_their_resolution():
    levels = np.array([[1000, 1001, 1002, 60000, 60001, 60003]], np.uint16)
    image = Image.frombytes("I;16", (6, 1), levels.tobytes())
    result = np.asarray(image.filter(KMeansQuantize(2)))
    assert result.tolist() == [[1001, 1001, 1001, 60001, 60001, 60001]]


@pytest.mark.parametrize("big_endian", [False, True])
def test_sixteen_bit_byte_orders_agree(photo, big_endian):
    levels = np.asarray(photo.convert("L")).astype(np.uint16) * 250 + 17
    little = Image.frombytes("I;16", photo.size, levels.astype("<u2").tobytes())
    other = Image.frombytes("I;16B", photo.size, levels.astype(">u2").tobytes()) if big_endian else little
    expected = np.frombuffer(little.filter(KMeansQuantize(7)).tobytes(), "<u2")
    found = np.frombuffer(other.filter(KMeansQuantize(7)).tobytes(), ">u2" if big_endian else "<u2")
    assert np.array_equal(found, expected)


def test_given_palette_is_mapped_exactly(photo):
    palette = Palette(["#ffffff", "#000000", "#808080", "#ff0000", "#00ff00", "#0000ff"])
    result = photo.filter(KMeansQuantize(palette=palette))
    entries = palette.colors.astype(np.float64)
    distances = ((premultiplied(photo)[:, None] - entries[None]) ** 2).sum(axis=2)
    assert np.array_equal(premultiplied(result), entries[distances.argmin(axis=1)])


def test_given_palette_with_transparent_pixels(translucent):
    result = translucent.filter(KMeansQuantize(palette=Palette(["#000", "#fff"])))
    assert colors_of(result) == {(0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 255)}


@pytest.mark.parametrize(
    ("mode", "colors", "message"),
    [
        ("L", ["#ff0000"], "mode 'L' images cannot show the palette's colours; convert to 'RGB' first"),
        ("1", ["#808080"], "mode '1' images cannot show"),
        ("RGB", ["#ff000080"], "mode 'RGB' images cannot show .* convert to 'RGBA' first"),
        ("CMYK", ["#ff0000"], "cannot map mode 'CMYK' images to a palette; convert to 'RGB' first"),
        ("I;16", ["#808080"], r"cannot map mode 'I;16' images .* use quantize\(\), which scales"),
        ("P", ["#ff000080"], "mode 'P' images cannot show .* convert to 'RGBA' first"),
    ],
)
def test_palette_that_the_mode_cannot_show_is_refused(mode, colors, message):
    with pytest.raises(ValueError, match=message):
        Image.new(mode, (2, 2)).filter(KMeansQuantize(palette=Palette(colors)))


def test_grey_palette_on_grey_modes(photo):
    palette = Palette(["#000000", "#646464", "#ffffff"])
    assert colors_of(photo.convert("L").filter(KMeansQuantize(palette=palette))) == {(0,), (100,), (255,)}


def test_filter_is_a_value(photo):
    kmeans = KMeansQuantize(5, effort="fast")
    assert kmeans == KMeansQuantize(5, effort="fast")
    assert len({kmeans, KMeansQuantize(5, effort="fast"), KMeansQuantize(6)}) == 2
    assert repr(kmeans) == "KMeansQuantize(colors=5, effort='fast')"
    assert eval(repr(kmeans)) == kmeans
    assert pickle.loads(pickle.dumps(kmeans)) == kmeans
    assert KMeansQuantize.name == "KMeansQuantize"
    with pytest.raises(AttributeError):
        kmeans.colors = 6


def test_filter_is_not_callable():
    # Pillow would call a callable filter, and lose the settings.
    assert not callable(KMeansQuantize(5))


def test_threads_can_share_a_filter(photo):
    kmeans = KMeansQuantize(8)
    alone = photo.filter(kmeans).tobytes()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: photo.filter(kmeans).tobytes(), range(16)))
    assert set(results) == {alone}


def test_info_is_kept(photo):
    photo.info["dpi"] = (72, 72)
    assert photo.filter(KMeansQuantize(3)).info["dpi"] == (72, 72)


def test_p_with_alpha_in_its_palette_can_show_translucent_colours():
    image = Image.new("P", (2, 1))
    image.putpalette([250, 0, 0, 120, 0, 0, 0, 255], "RGBA")
    image.putdata([0, 1])
    image.load()
    result = image.filter(KMeansQuantize(palette=Palette(["#ff000080", "#101010"])))
    assert pixels_of(result.convert("RGBA")) == [(255, 0, 0, 128), (16, 16, 16, 255)]
