"""Make the README's pictures beside this script out of ``lake.jpg``: panels side by side.

``strip.png`` has it as it is and in 16, 8 and 5 colours, ``dithering.png`` in 8
colours, dithered in several ways.

From the root of the project: ``python examples/make_strip.py``
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kquant_hooks import KMeansQuantize, quantize

HERE = Path(__file__).parent
PANEL_WIDTH = 320
GAP = 10
CAPTION = 34


def colors_strip(picture: Image.Image) -> Image.Image:
    """The picture in ever fewer colours."""
    panels = {"original": picture}
    panels |= {f"{colors} colours": picture.filter(KMeansQuantize(colors)) for colors in (16, 8, 5)}
    return side_by_side(panels)


def dithering_strip(picture: Image.Image) -> Image.Image:
    """The picture in eight colours with each kind of dithering."""
    kinds = ("none", "floyd-steinberg", "bayer", "blue-noise")
    return side_by_side({kind: picture.filter(KMeansQuantize(8, dither=kind)) for kind in kinds})


def side_by_side(panels: dict[str, Image.Image]) -> Image.Image:
    """The panels in a row on white, each with its caption below."""
    height = next(iter(panels.values())).height
    step = PANEL_WIDTH + GAP
    strip = Image.new("RGB", (GAP + step * len(panels), GAP + height + CAPTION), "white")
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(size=17)
    for index, (caption, panel) in enumerate(panels.items()):
        left = GAP + step * index
        strip.paste(panel, (left, GAP))
        draw.text((left + PANEL_WIDTH / 2, GAP + height + CAPTION / 2), caption, "#333333", font, anchor="mm")
    return strip


def main() -> None:
    """Make the pictures and save them as small indexed PNGs."""
    with Image.open(HERE / "lake.jpg") as opened:
        height = round(PANEL_WIDTH * opened.height / opened.width)
        picture = opened.resize((PANEL_WIDTH, height), Image.Resampling.LANCZOS)
    for name, strip in (("strip.png", colors_strip(picture)), ("dithering.png", dithering_strip(picture))):
        path = HERE / name
        quantize(strip, 256).image.save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
