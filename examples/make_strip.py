"""Make ``strip.png`` beside this script: ``lake.jpg`` as it is and in 16, 8 and 5 colours, side by side.

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


def make_strip(picture: Image.Image) -> Image.Image:
    """The panels in a row on white, each with its caption below."""
    height = round(PANEL_WIDTH * picture.height / picture.width)
    picture = picture.resize((PANEL_WIDTH, height), Image.Resampling.LANCZOS)
    panels = {"original": picture}
    panels |= {f"{colors} colours": picture.filter(KMeansQuantize(colors)) for colors in (16, 8, 5)}
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
    """Make the strip and save it as a small indexed PNG."""
    with Image.open(HERE / "lake.jpg") as picture:
        strip = make_strip(picture)
    path = HERE / "strip.png"
    quantize(strip, 256).image.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
