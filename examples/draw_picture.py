"""Draw ``lake.jpg`` beside this script: dusk over a mountain lake, from nothing but NumPy and Pillow.

It has what a colour quantizer must cope with: wide smooth gradients, fine texture, deep shade, bright sky,
and a few small saturated lights. From the root of the project: ``python examples/draw_picture.py``
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

Floats = NDArray[np.floating[Any]]

WIDTH, HEIGHT = 1920, 1280  # twice the size of the file: reducing it smooths the edges
SHORE, FOCAL = 730, 1700
SUN_X, SUN_Y = 700, 610
X, Y = np.arange(WIDTH) + 0.5, np.arange(HEIGHT)[:, None] + 0.5
FROM_SUN, SIDE = np.hypot(X - SUN_X, Y - SUN_Y), (X - SUN_X) / WIDTH
DEPTH = Y[SHORE:] - SHORE  # of the water, down the picture
BOATS = (  # from the farthest to the nearest: place, size and colour of the lantern
    (960, 806, 0.42, "#ff3caa"),
    (1420, 868, 0.72, "#14e2cd"),
    (385, 905, 0.9, "#ffb028"),
    (1190, 1010, 1.45, "#ff3024"),
)


def fractal(seed: int, *, ridged: bool = False, size: int = 1024) -> Floats:
    """A seamless square of noise about 0: octaves of band-limited noise, as sharp ridges or as billows."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)) * size
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((size, size)))
    total = np.zeros((size, size))
    for octave in range(8):
        centre = 3 * 2**octave
        band = np.fft.irfft2(spectrum * np.exp(-(((frequency - centre) / (0.4 * centre)) ** 2)), (size, size))
        band /= band.std()
        total += (0.8 - np.abs(band) if ridged else band) * 0.46**octave
    return total


def sample(noise: Floats, v: Floats, u: Floats) -> Floats:
    """The noise at fractional places, in squares of noise."""
    size = len(noise)
    row, column = np.floor(v * size).astype(int), np.floor(u * size).astype(int)
    fv, fu = v * size - row, u * size - column
    noise = np.pad(noise, (0, 1), "wrap")
    row, column = row % size, column % size
    above = noise[row, column] * (1 - fu) + noise[row, column + 1] * fu
    below = noise[row + 1, column] * (1 - fu) + noise[row + 1, column + 1] * fu
    return np.asarray(above * (1 - fv) + below * fv)


def ripples(seed: int, down: float, across: float) -> Floats:
    """Noise drawn out over the water, finer towards the far shore."""
    return sample(fractal(seed), down * np.log(DEPTH + 30), across * (X - SUN_X) / (DEPTH + 90))


def ramp(value: Floats, low: float, high: float) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between; with a last axis for the bands."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))[..., None]


def bell(value: Floats) -> Floats:
    """1 at 0, falling smoothly to 0 on both sides; with a last axis for the bands."""
    return np.asarray(np.exp(-(value**2)))[..., None]


def gradient(value: Floats, stops: dict[float, str]) -> Floats:
    """The colours between those given at some values."""
    bands = zip(*map(ImageColor.getrgb, stops.values()), strict=True)
    return np.stack([np.interp(value, list(stops), band) for band in bands], -1)


def screen(picture: Floats, light: Floats) -> Floats:
    """The picture with light added, never brighter than white."""
    return np.asarray(255 - (255 - picture) * (255 - light.clip(0, 255)) / 255)


def to_image(picture: Floats) -> Image.Image:
    """The picture in 8 bits."""
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def draw_sky() -> Floats:
    """Dusk, the sun with its glow, and clouds lit from below."""
    height = (SHORE - Y) / SHORE + 0 * X
    dusk = {0.0: "#ffce84", 0.2: "#fa9e62", 0.4: "#d66870", 0.62: "#7a4a86", 1.0: "#1e2254"}
    sky = gradient(height + 0.23 * np.abs(SIDE), dusk)
    sky = screen(sky, np.exp(-FROM_SUN / 230)[..., None] * (255, 170, 70))
    distance = 0.3 / (height.clip(0) + 0.16)
    u, v, clouds = distance * (X - SUN_X) / 1500, 1.3 * distance, fractal(4)
    density = sample(clouds, v, u)
    toward_sun = sample(clouds, v + 0.014, u - 0.008 * np.tanh((X - SUN_X) / 200))
    lit = gradient(FROM_SUN, {60: "#ffe8a0", 420: "#ff965c", 900: "#ec6876", 1500: "#96548c"})
    shade = gradient(height, {0.0: "#d67868", 0.4: "#824e76", 1.0: "#2c2a56"})
    cloud = shade + (lit - shade) * ramp(density - toward_sun, -0.25, 0.45)
    sky += (cloud - sky) * ramp(density, 0.1, 1.7) * 0.92
    glow = np.exp(-FROM_SUN / 70)[..., None] * (130, 100, 30)
    return screen(sky, ramp(-FROM_SUN, -46, -42) * (255, 236, 160) + glow)


def draw_mountains(picture: Floats) -> Floats:
    """A landscape of ridges seen in perspective, in haze, around the valley of the sun."""
    z = np.geomspace(2.4, 11, 1100)[:, None]
    ridges = sample(fractal(11, ridged=True), z / 14 + 0.1, z * (X - WIDTH / 2) / FOCAL / 14 + 0.37)
    valley = 0.375 + 1.125 * ramp(np.abs(SIDE), 0.02, 0.42)[..., 0]
    ground = (0.75 + 0.5 * ridges) * ramp(z, 2.4, 7.5)[..., 0] * valley - 0.02
    slope_x = np.gradient(ground, axis=1) * FOCAL / z
    slope_z = np.gradient(ground, axis=0) / np.gradient(z, axis=0)
    light = np.tanh(6 * SIDE) * slope_x * 0.8 + 0.25 * slope_z + 0.3
    light /= np.sqrt(1 + slope_x**2 + slope_z**2)
    rock = (30, 32, 66) + ramp(light, 0.12, 0.85) * (176, 80, 46)
    snow = (78, 80, 150) + ramp(light, 0.1, 0.8) * (177, 112, 40)
    colour = rock + (snow - rock) * ramp(ground + 0.25 * ridges - 0.12 * np.abs(slope_x), 0.75, 1.05)
    haze = gradient(np.abs(SIDE), {0.0: "#fcac6c", 0.2: "#ce747a", 0.6: "#68508e"})
    colour += (haze - colour) * (1 - np.exp((2.4 - z) / 8.5))[..., None]
    skyline = np.minimum.accumulate(SHORE - ground * FOCAL / z, axis=0)
    for x in range(WIDTH):
        nearest = np.searchsorted(-skyline[:, x], -Y[:SHORE, 0])
        seen = nearest < len(z)
        picture[:SHORE][seen, x] = colour[nearest[seen], x]
    return screen(picture, np.exp(-FROM_SUN / 120)[..., None] * (150, 84, 24))


def draw_forest(picture: Floats) -> Floats:
    """Firs along the shore, tall where they frame the view, and mist before them."""
    image = to_image(picture)
    draw, random = ImageDraw.Draw(image), np.random.default_rng(5)
    for near in np.linspace(0, 1, 8):
        for place in np.arange(-20, WIDTH + 20, 7 + 9 * near):
            x = place + random.uniform(-6, 6)
            frame = max(0.0, (260 - x) / 260, (x - 1500) / 420) ** 1.2
            if near > 0.5 and frame == 0:
                continue
            height = random.uniform(0.55, 1.1) * (38 - 22 * near + 250 * frame * (0.35 + 0.65 * near))
            foot, tiers = SHORE - (1 - near) * 40 * frame, 4 + int(height / 22)
            red, green, blue = (int(level) for level in (58 - 48 * near, 44 - 27 * near, 76 - 48 * near))
            draw.rectangle((x - 12, foot - 6, x + 12, SHORE), (red, green, blue))
            for tier in range(tiers):
                top = foot - height * (1 - tier / (tiers + 1))
                bottom = min(foot, foot - height * (0.86 - (tier + 1) / (tiers + 1)))
                half = height * 0.2 * (tier + 1.2) / tiers * random.uniform(0.8, 1.15)
                corners = ((x, top), (x - half, bottom), (x, bottom - 0.35 * half), (x + half, bottom))
                draw.polygon(corners, (red, green, blue))
    picture[:SHORE] = np.asarray(image)[:SHORE]
    mist = bell((Y[:SHORE] - SHORE + 14) / 30) * bell((X - SUN_X) / 620)
    picture[:SHORE] += ((236, 152, 138) - picture[:SHORE]) * 0.65 * mist
    return picture


def draw_lake(picture: Floats) -> Floats:
    """The land and the sky mirrored in ripples that grow towards the viewer."""
    waves, near = ripples(21, 2.6, 0.75), ramp(DEPTH, 0, HEIGHT - SHORE)
    row = SHORE - 1 - DEPTH * 0.97 + waves * (1.5 + 0.021 * DEPTH)
    column = X + waves * (0.3 + 0.008 * DEPTH)
    water = picture[row.clip(0, SHORE - 1).astype(int), column.clip(0, WIDTH - 1).astype(int)]
    water += ((14, 30, 66) - water) * (0.1 + near * (0.48 + 0.16 * ramp(-waves, -0.5, 2.5)))
    glitter = bell((X - SUN_X) / (30 + 0.15 * DEPTH)) * ramp(ripples(24, 5, 1.3), 0.2, 1.6)
    picture[SHORE:] = screen(water, glitter * (1 - 0.35 * near) * (255, 190, 104))
    return picture


def draw_boat(draw: ImageDraw.ImageDraw, x: float, y: float, scale: float, hue: str) -> None:
    """A boat with its shadow in the water, a passenger in a straw hat, and a lantern on a pole."""

    def place(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + scale * a, y + scale * b) for a, b in points]

    t = np.linspace(-1, 1, 41)
    across, rim, keel = 100 * t, -12 - 26 * np.abs(t) ** 2.6, 10 - 48 * t**6
    outline = [*zip(across, rim, strict=True), *zip(across[::-1], keel[::-1], strict=True)]
    for shift in np.linspace(7, 17, 5):
        draw.polygon(place(*((a + 3 * np.sin((shift - b) / 3), shift - b) for a, b in outline)), "#0c0e225a")
    pole = place((62, -10), (62, -84), (66, -92), (74, -95), (84, -90))
    draw.line(pole, "#18121e", max(2, int(4 * scale)), "curve")
    draw.polygon(place((-36, -6), (-32, -34), (-22, -46), (-8, -44), (0, -30), (6, -6)), "#26182c")
    draw.polygon(place((-36, -46), (-17, -65), (4, -44)), "#5c3430")
    draw.polygon(place((-36, -46), (-17, -65), (-12, -45)), "#a85c3a")
    draw.polygon(place(*outline), "#18111e")
    draw.line(place(*outline[:41]), "#ba6242", max(2, int(3 * scale)), "curve")
    draw.rounded_rectangle(place((73, -88), (95, -58)), 8 * scale, hue)
    draw.rounded_rectangle(place((79, -81), (89, -65)), 5 * scale, "#fff6d6")


def draw_boats(picture: Floats) -> Floats:
    """Boats, and the light of their lanterns, which breaks up in the water."""
    image, light = to_image(picture), np.zeros_like(picture)
    waves = np.pad(ripples(23, 5, 0.8), ((SHORE, 0), (0, 0)))
    for x, y, scale, hue in BOATS:
        draw_boat(ImageDraw.Draw(image, "RGBA"), x, y, scale, hue)
        right, down = (X - x) / scale - 84, (Y - y) / scale
        glow = 0.7 * np.exp(-np.hypot(right, down + 73) / 30)[..., None]
        below = down / 75 - 1
        streak = bell((right - 5 * waves) / (11 + 5 * below.clip(-1, 2))) * bell(below) * ramp(down, 7, 9)
        light += (glow + streak * (0.1 + 0.9 * ramp(waves, -0.7, 1.0))) * ImageColor.getrgb(hue)
    return screen(np.asarray(image, float), light)


def main() -> None:
    """Draw, reduce to half size, add grain and save."""
    picture = draw_boats(draw_lake(draw_forest(draw_mountains(draw_sky()))))
    small = to_image(picture).resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.LANCZOS)
    grain = np.random.default_rng(1).normal(0, 2.5, (HEIGHT // 2, WIDTH // 2, 1))
    path = Path(__file__).parent / "lake.jpg"
    to_image(np.asarray(small) + grain).save(path, quality=92, optimize=True)
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
