"""The largest number of pixels that are read: of one picture, and of all frames or pages of a file."""

from __future__ import annotations

from collections.abc import Iterable

# Without max-pixels. The first is Pillow's limit; 480 frames of 1920 x 1080 stay within the second.
MOST_OF_ONE = 178_956_970
MOST_OF_ALL = 1_000_000_000

Size = tuple[int, int]


def most_of_one(max_pixels: int | None) -> int:
    """How many pixels one picture may have if a file may have ``max_pixels``."""
    return MOST_OF_ONE if max_pixels is None else max_pixels


def larger(first: Size, second: Size) -> Size:
    """The size with more pixels."""
    return max(first, second, key=lambda size: size[0] * size[1])


def check_picture(size: Size, max_pixels: int | None) -> None:
    """Refuse a picture that would need too much memory; ValueError with one sentence."""
    width, height = size
    if width * height > most_of_one(max_pixels):
        raise too_large(f"its {width} x {height} pixels are", most_of_one(max_pixels))


def check_frames(sizes: Iterable[Size], max_pixels: int | None, what: str = "frames") -> None:
    """Refuse frames or pages that would need too much time.

    Parameters
    ----------
    sizes : iterable of tuple of int
        The size of each, at least that of the canvas on which it is drawn.
    max_pixels : int, optional
    what : str
        What the message calls them.
    """
    areas = []
    for size in sizes:
        check_picture(size, max_pixels)
        areas.append(size[0] * size[1])
    limit = MOST_OF_ALL if max_pixels is None else max_pixels
    if sum(areas) > limit:
        raise too_large(f"its {len(areas)} {what} have {sum(areas)} pixels in total,", limit)


def too_large(what: str, limit: int) -> ValueError:
    """The error for too many pixels."""
    return ValueError(f"{what} more than max-pixels={limit}; use a higher limit to read it")
