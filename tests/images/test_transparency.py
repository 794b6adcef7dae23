"""Binary alpha, and the colours that transparency hides."""

from __future__ import annotations

import io

import numpy as np
import pytest
from drawings import saved
from helpers import colors_of, premultiplied, squared_error
from photos import draw_photo, draw_translucent
from PIL import Image

from kquant_hooks import KMeansQuantize, Palette, quantize
from kquant_hooks.cli import main


def bled(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture whose transparent pixels continue the visible ones, as in textures."""
    image = draw_photo(*size).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(size).point([255] * 120 + [90] * 10 + [0] * 126))
    return image


def alphas(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA").getchannel("A"))


def clear_pixels(image: Image.Image, like: Image.Image) -> np.ndarray:
    """The R, G, B of pixels that are transparent in another picture."""
    return np.asarray(image.convert("RGBA"))[alphas(like) == 0][:, :3].astype(np.int64)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_hard_alpha(mode):
    image = draw_translucent(96, 64)
    image = image.quantize(64) if mode == "P" else image.convert(mode)
    before = alphas(image)
    assert len(np.unique(before)) > 2
    indexed = quantize(image, 16, alpha="hard")
    assert np.array_equal(alphas(indexed.image), np.where(before >= 128, 255, 0))
    assert {color[3] for color in indexed.palette} == {0, 255}
    assert len(indexed.palette) <= 16
    if mode != "P":
        filtered = image.filter(KMeansQuantize(16, alpha="hard"))
        assert np.array_equal(alphas(filtered), np.where(before >= 128, 255, 0))


def test_binary_alpha_is_a_part_of_the_error(tmp_path, capsys):
    image = Image.new("RGBA", (16, 16), "#c86432")
    image.putalpha(Image.linear_gradient("L").resize((16, 16)))
    result = quantize(image, 4, alpha="hard")
    assert result.mse == pytest.approx(squared_error(image, result.image.convert("RGBA")))
    assert result.mse > 1000
    image.save(tmp_path / "soft.png")
    command = ["quantize", str(tmp_path / "soft.png"), "-c", "4", "--alpha", "hard", "--min-psnr", "40"]
    assert main([*command, "--in-place"]) == 0
    assert "skipped: its error would be" in capsys.readouterr().out


def test_a_hard_palette_needs_an_opaque_colour():
    with pytest.raises(ValueError, match="alpha='hard' needs an opaque colour, but the palette has none"):
        quantize(draw_translucent(), palette=["#ff000080", "#0000"], alpha="hard")


def test_hard_alpha_of_what_is_opaque_changes_nothing():
    image = draw_photo()
    assert quantize(image, 9, alpha="hard").image.tobytes() == quantize(image, 9).image.tobytes()


def test_the_filter_hardens_palettes():
    image = draw_translucent(96, 64).quantize(32)
    image.apply_transparency()
    result = image.filter(KMeansQuantize(8, alpha="hard"))
    assert result.mode == "P"
    assert set(np.unique(alphas(result))) == {0, 255}


def test_files_with_soft_alpha_are_not_within_a_hard_palette(tmp_path, capsys):
    path = tmp_path / "sprite.png"
    quantize(draw_translucent(48, 32), 8).image.save(path)
    assert len(np.unique(alphas(Image.open(path)))) > 2
    arguments = ["quantize", str(path), "-c", "16", "--alpha", "hard", "--in-place"]
    assert main([*arguments[:-1], "--check"]) == 1
    assert main(arguments) == 0
    assert set(np.unique(alphas(Image.open(path)))) == {0, 255}
    assert main([*arguments[:-1], "--check"]) == 0


def test_auto_leaves_no_soft_alpha_where_it_is_to_be_hard(tmp_path, capsys):
    path = tmp_path / "sprite.png"
    quantize(draw_translucent(48, 32), 8).image.save(path)
    arguments = ["quantize", str(path), "-c", "auto", "--max-error", "1e9", "--alpha", "hard"]
    assert main([*arguments, "--in-place"]) == 0
    assert set(np.unique(alphas(Image.open(path)))) == {0, 255}
    assert main([*arguments, "--check"]) == 0


def test_a_gif_of_soft_alpha_can_be_made_once_alpha_is_hard(tmp_path, capsys):
    source, target = tmp_path / "soft.png", tmp_path / "soft.gif"
    draw_translucent(48, 32).save(source)
    assert main(["quantize", str(source), "-c", "16", "-o", str(target)]) == 3
    assert main(["quantize", str(source), "-c", "16", "-o", str(target), "--alpha", "hard"]) == 0
    with Image.open(target) as result:
        assert np.array_equal(alphas(result) == 255, alphas(draw_translucent(48, 32)) >= 128)


def test_hard_alpha_in_animations(tmp_path, capsys):
    first, second = draw_translucent(48, 32), draw_translucent(48, 32).rotate(180)
    path = tmp_path / "moving.png"
    first.save(path, save_all=True, append_images=[second], duration=50)
    assert main(["quantize", str(path), "-c", "16", "--alpha", "hard", "--in-place"]) == 0
    with Image.open(path) as result:
        for number, frame in enumerate((first, second)):
            result.seek(number)
            assert np.array_equal(alphas(result), np.where(alphas(frame) >= 128, 255, 0))
    assert main(["quantize", str(path), "-c", "16", "--alpha", "hard", "--check"]) == 0


def test_a_soft_animation_of_few_colours_is_not_within_a_hard_palette(tmp_path, capsys):
    frames = [Image.new("RGBA", (20, 10), color) for color in ("#ff000080", "#00ff0080")]
    path = tmp_path / "moving.png"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    assert main(["quantize", str(path), "-c", "16", "--check"]) == 0
    assert main(["quantize", str(path), "-c", "16", "--alpha", "hard", "--check"]) == 1


@pytest.mark.parametrize("dither", ["none", "floyd-steinberg"])
@pytest.mark.parametrize("colors", [8, 64, 256])
def test_hidden_colours_are_kept_in_an_indexed_image(dither, colors):
    image = bled()
    result = quantize(image, colors, keep_hidden_rgb=True, dither=dither)
    assert len(result.palette) <= colors
    assert not alphas(result.image)[alphas(image) == 0].any()
    before, after = clear_pixels(image, image), clear_pixels(result.image, image)
    error = ((before - after) ** 2).sum(axis=1).mean()
    # Without the option they are all black.
    assert (clear_pixels(quantize(image, colors, dither=dither).image, image) == 0).all()
    assert error < (0.5 if colors > 8 else 1) * ((before - before.mean(axis=0)) ** 2).sum(axis=1).mean() + 1
    clear = [entry for entry in result.palette if entry[3] == 0]
    assert len(set(clear)) == len(clear) == max(1, colors // 8)
    assert all(entry[3] for entry in list(result.palette)[len(clear) :])
    # The visible pixels are those without hidden colours and with that many entries fewer.
    plain = quantize(image, colors - len(clear) + 1, dither=dither)
    assert np.array_equal(premultiplied(result.image), premultiplied(plain.image))


def test_transparent_entries_that_are_not_the_first_keep_their_place():
    image = Image.new("P", (40, 4))
    image.putdata([x // 10 for _ in range(4) for x in range(40)])
    entries = [(255, 255, 0, 255), (0, 0, 255, 0), (210, 0, 0, 255), (0, 200, 0, 0)]
    image.putpalette([level for entry in entries for level in entry], "RGBA")
    result = quantize(image, 16, keep_hidden_rgb=True)
    assert list(result.palette)[:4] == [entries[0], entries[1], entries[3], entries[2]]
    assert result.image.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def test_hidden_colours_are_exact_where_there_is_room():
    image = Image.new("RGBA", (11, 1))
    image.putdata([(20 * x, 9, 9, 255 if x < 6 else 0) for x in range(11)])
    result = quantize(image, 16, keep_hidden_rgb=True)
    assert len(result.palette) == 11
    assert result.image.convert("RGBA").tobytes() == image.tobytes()


def test_fixed_entries_and_hidden_colours():
    fixed = ["#ff000000", "#0a141e00", "#123456"]
    for colors in (4, 9, 33, 64):
        result = quantize(bled(), colors, fixed=fixed, keep_hidden_rgb=True)
        shown = result.palette.hex()
        assert {*fixed[:2], "#123456ff"} <= set(shown)
        assert len(set(shown)) == len(shown) <= colors
    # Hidden colours give way to fixed ones.
    many = [f"#{number:02x}0000" for number in range(14)]
    assert len(quantize(bled(), 16, fixed=many, keep_hidden_rgb=True).palette) == 16
    with pytest.raises(
        ValueError, match=r"colors=16 leaves no room for 16 fixed colours.*use colors=17 or more"
    ):
        quantize(bled(), 16, fixed=[*many, "#0f0", "#00f"], keep_hidden_rgb=True)


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_frames_that_hide_colours_are_left_alone(tmp_path, capsys, ending):
    path = tmp_path / f"moving.{ending}"
    frames = [bled(), bled().rotate(90)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    before = path.read_bytes()
    assert main(["quantize", str(path), "-c", "64", "--keep-hidden-rgb", "--in-place"]) == 0
    assert "keeps only in still pictures" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_one_hidden_colour_takes_no_further_entry():
    image = draw_photo().convert("RGBA")
    image.paste((255, 0, 255, 0), (0, 0, 20, 20))
    result = quantize(image, 16, keep_hidden_rgb=True)
    assert (255, 0, 255, 0) in list(result.palette)
    assert len(result.palette) == 16
    assert sum(entry[3] == 0 for entry in result.palette) == 1


def test_the_filter_leaves_hidden_colours_as_they_are():
    image = bled()
    assert not clear_pixels(image.filter(KMeansQuantize(16)), image).any()
    result = image.filter(KMeansQuantize(16, keep_hidden_rgb=True))
    assert np.array_equal(clear_pixels(result, image), clear_pixels(image, image))
    seen = Image.composite(
        result, Image.new("RGBA", image.size), image.getchannel("A").point([0] + [255] * 255)
    )
    assert len(colors_of(seen)) <= 16


@pytest.mark.parametrize("ending", ["png", "webp", "tiff"])
def test_files_keep_hidden_colours(tmp_path, capsys, ending):
    source, target = tmp_path / "texture.png", tmp_path / f"out.{ending}"
    bled().save(source)
    command = ["quantize", str(source), "-c", "64", "--keep-hidden-rgb", "-o", str(target)]
    assert main(command) == 0, capsys.readouterr()
    before, after = (clear_pixels(Image.open(path), bled()) for path in (source, target))
    assert ((before - after) ** 2).sum(axis=1).mean() < 0.5 * before.var(axis=0).sum()
    assert main(command) == 0


def test_a_gif_has_one_transparent_colour(tmp_path, capsys):
    source = tmp_path / "texture.png"
    bled().save(source)
    command = ["quantize", str(source), "-c", "64", "--alpha", "hard", "--keep-hidden-rgb", "-o"]
    assert main([*command, str(tmp_path / "texture.gif")]) == 3
    assert "GIF cannot hold several transparent colours; give another format" in capsys.readouterr().err
    assert not (tmp_path / "texture.gif").exists()


def test_a_palette_file_has_its_transparent_entries_first():
    data = saved(quantize(bled(), 32, keep_hidden_rgb=True).image, "PNG")
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["transparency"][:4] == bytes(4)


def test_a_given_palette_decides_what_is_hidden():
    palette = Palette(["#00ff0000", "#000", "#fff"])
    result = quantize(bled(), palette=palette, keep_hidden_rgb=True)
    assert result.palette == palette
