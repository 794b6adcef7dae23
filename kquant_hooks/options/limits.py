"""How many pixels are read: of one picture, and of all frames or pages of a file together."""

from __future__ import annotations

from collections.abc import Iterable

# Where no max-pixels is given. The first is Pillow's limit, the second that of 480 frames of 1920 x 1080.
MOST_OF_ONE = 178_956_970
MOST_OF_ALL = 1_000_000_000

Size = tuple[int, int]


def most_of_one(max_pixels: int | None) -> int:
    """How many pixels one picture may have, in a file that may have so many."""
    return MOST_OF_ONE if max_pixels is None else max_pixels


def larger(first: Size, second: Size) -> Size:
    """The one of more pixels."""
    return max(first, second, key=lambda size: size[0] * size[1])


def check_picture(size: Size, max_pixels: int | None) -> None:
    """Refuse what would need too much memory; ValueError with one sentence."""
    width, height = size
    if width * height > most_of_one(max_pixels):
        raise too_large(f"{width} x {height} pixels are", most_of_one(max_pixels))


def check_frames(sizes: Iterable[Size], max_pixels: int | None, what: str = "frames") -> None:
    """Refuse what would need too much time, frames that are drawn one on the other or pages.

    Parameters
    ----------
    sizes : iterable of tuple of int
        The size of each, the canvas that it is drawn on included.
    max_pixels : int, optional
    what : str
        What they are called.
    """
    areas = []
    for size in sizes:
        check_picture(size, max_pixels)
        areas.append(size[0] * size[1])
    limit = MOST_OF_ALL if max_pixels is None else max_pixels
    if sum(areas) > limit:
        raise too_large(f"its {len(areas)} {what} have {sum(areas)} pixels together, which are", limit)


def too_large(what: str, limit: int) -> ValueError:
    """What is said of too many pixels."""
    return ValueError(f"{what} more than max-pixels={limit}; give a higher limit to read it")
