"""Pictures that tests draw."""

from __future__ import annotations

import numpy as np
from PIL import Image


def draw_photo(width: int = 96, height: int = 64, seed: int = 7) -> Image.Image:
    """Smooth shapes under noise: thousands of distinct colours, like a small photo."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    layers = [
        128 + 110 * np.sin(7 * x + 3 * y),
        90 + 80 * np.cos(9 * y - 2 * x),
        140 + 100 * np.sin(4 * x * y + 5 * y),
    ]
    pixels = np.stack(layers, axis=2) + rng.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw_translucent(width: int = 96, height: int = 64) -> Image.Image:
    """A disc with an opaque centre, a translucent edge and hidden colours outside."""
    image = draw_photo(width, height).convert("RGBA")
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot(x - width / 2, y - height / 2)
    alpha = np.clip(255 * (height / 2.5 - radius) / 6, 0, 255).astype(np.uint8)
    image.putalpha(Image.fromarray(alpha))
    return image
