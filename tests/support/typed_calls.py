# pyright: strict
"""Calls that type checkers must accept, and those that they must not, which end in ``# error``."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from PIL import Image

from kquant_hooks import KMeansQuantize, Outcome, Palette, Quantized, learn_palette, quantize, quantize_file

image = Image.new("RGB", (4, 4))
brand = Palette(["#e4002b", (255, 255, 255)], names=["red", "white"])

# The filter.
image.filter(KMeansQuantize(5))
image.filter(KMeansQuantize)
KMeansQuantize()
KMeansQuantize(colors=5)
KMeansQuantize(palette="brand.gpl")
KMeansQuantize(palette=Path("brand.gpl"))
KMeansQuantize(palette=["#e4002b", "#fff"])
KMeansQuantize(palette=[(228, 0, 43), (255, 255, 255, 0)])
KMeansQuantize(palette=brand, dither="bayer", dither_strength=0.5)
KMeansQuantize(8, fixed="#e4002b,#fff")
KMeansQuantize(8, max_iter=None, tol=0, threads=2)
KMeansQuantize(dithr="none")  # error
KMeansQuantize(dither="floyd")  # error
KMeansQuantize(effort=3)  # error
KMeansQuantize("5")  # error
KMeansQuantize(5, brand)  # error
KMeansQuantize(palette=5)  # error
KMeansQuantize(keep_hidden_rgb="yes")  # error
KMeansQuantize(5).colors = 6  # error

# Images.
assert_type(quantize(image, 16), Quantized)
quantize(image)
quantize(image, colors=16, space="oklab", order="hue")
quantize(image, palette="dawn.gpl", alpha="hard")
assert_type(quantize(image, 16).mse, float)
quantize(image, 16, dithr="none")  # error
quantize(image, 16, dither="floyd")  # error
quantize(image, 16, effort=3)  # error
quantize(image, 16, "wu")  # error
quantize(image, colors="16")  # error
quantize("photo.jpg", 16)  # error

# Palettes.
assert_type(learn_palette([image, image], 32, equal_weight=True), Palette)
learn_palette(image, space="oklab")
brand.save("brand.hex")
brand.save(Path("brand"), format="ase")
assert_type(Palette.load("brand.hex"), Palette)
assert_type(brand.hex(), tuple[str, ...])
learn_palette([image], 32, True)  # error
learn_palette([image], equal=True)  # error
Palette(5)  # error
brand.save("brand.hex", fmt="hex")  # error

# Files.
assert_type(quantize_file("photo.jpg", 16, target="photo.png"), Outcome)
quantize_file(Path("photo.png"), "auto", min_psnr=36, strip=True)
quantize_file("photo.png", palette=["#000"], min_savings="5%", force=True)
if (figures := quantize_file("photo.png").figures) is not None:
    assert_type(figures.psnr, float)
quantize_file("photo.png", "all")  # error
quantize_file("photo.png", 16, "photo.webp")  # error
quantize_file("photo.png", min_savings=None)  # error
quantize_file("photo.png", timeout=5)  # error
