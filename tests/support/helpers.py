"""What several tests compute from pixels, slowly and independently of the package."""

from __future__ import annotations

import numpy as np
from PIL import Image


def colors_of(image: Image.Image) -> set[tuple[int, ...]]:
    """Distinct pixels, channel by channel as stored."""
    if image.mode.startswith("I;16"):
        return {(int(level),) for level in np.unique(np.asarray(image))}
    bands = [np.asarray(band).reshape(-1) for band in image.split()]
    return set(zip(*(band.tolist() for band in bands), strict=True))


def premultiplied(image: Image.Image) -> np.ndarray:
    """R, G, B of an opaque image, or premultiplied R, G, B and A: shape (pixels, 3 or 4), float64."""
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB")).reshape(-1, 3).astype(np.float64)
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4).astype(np.float64)
    pixels[:, :3] *= pixels[:, 3:] / 255
    return pixels


def squared_error(image: Image.Image, other: Image.Image) -> float:
    """Mean over pixels of the sum over R, G, B of squared differences, seen over black and over white."""
    means = []
    for ground in ("black", "white"):
        seen = []
        for picture in (image, other):
            pixels = premultiplied(picture)
            through = 255 - pixels[:, 3:] if pixels.shape[1] == 4 else 0
            seen.append(pixels[:, :3] + (through if ground == "white" else 0))
        means.append(((seen[0] - seen[1]) ** 2).sum(axis=1).mean())
    return float(np.mean(means))


def slow_nearest(points: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """Nearest entry of each point, ties to the lowest index, by all distances in integers."""
    differences = points[:, None, :].astype(np.int64) - entries[None, :, :].astype(np.int64)
    return (differences**2).sum(axis=2).argmin(axis=1)


def pixels_of(image: Image.Image) -> list[tuple[int, ...]]:
    """All pixels in order."""
    bands = [np.asarray(band).reshape(-1).tolist() for band in image.split()]
    return list(zip(*bands, strict=True))
