"""Which pictures are measured, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from math import sqrt
from pathlib import Path

from PIL import Image

# The photos inside the packages that need no network: module, folder below it, names.
_SHIPPED = (
    ("skimage", "data", ("astronaut.png", "chelsea.png", "coffee.png", "retina.jpg", "rocket.jpg")),
    ("sklearn", "datasets/images", ("china.jpg", "flower.jpg")),
)

# As many pixels as the largest palette has entries: peers refuse more clusters than points.
_LEAST_PIXELS = 256


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on disk, with its size in pixels as measured (after ``--megapixels``)."""

    name: str
    path: Path
    width: int
    height: int


def find(sources: list[Path], limit: int | None, megapixels: float | None) -> tuple[list[Picture], list[str]]:
    """The readable pictures of files and folders, in the order of their names.

    Parameters
    ----------
    sources : list of Path
        Files and folders, which are searched to any depth; none: the photos that peers ship.
    limit : int or None
        Stop after this many pictures.
    megapixels : float or None
        As for ``read``.

    Returns
    -------
    pictures : list of Picture
    unreadable : list of str
        Names of files that are no pictures, or too small.

    Raises
    ------
    OSError
        If a source cannot be read.
    ValueError
        If there is no picture.
    """
    pictures: list[Picture] = []
    unreadable: list[str] = []
    for name, path in _files(sources).items():
        if len(pictures) == limit:
            break
        try:
            width, height = read(path, megapixels).size
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            width = height = 0
        if width * height < _LEAST_PIXELS:
            unreadable.append(name)
        else:
            pictures.append(Picture(name, path, width, height))
    if not pictures:
        where = ", ".join(map(str, sources))
        raise ValueError(
            f"no readable picture of {_LEAST_PIXELS} or more pixels in {where}"
            if sources
            else "no pictures: name some with --images, or install the 'bench' extra for those that it brings"
        )
    return pictures, unreadable


def read(path: Path, megapixels: float | None) -> Image.Image:
    """The decoded picture in mode 'RGB'.

    Parameters
    ----------
    path : Path
    megapixels : float or None
        Resize to about this many million pixels.
    """
    with Image.open(path) as file:
        image = file.convert("RGB")
    if megapixels is None:
        return image
    scale = sqrt(megapixels * 1e6 / (image.width * image.height))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC)


def _files(sources: list[Path]) -> dict[str, Path]:
    """Files by a name that is unique: short where there is one source."""
    if not sources:
        return {path.name: path for path in _shipped()}
    files: dict[str, Path] = {}
    for source in sources:
        if not source.is_dir():
            source.open("rb").close()
            files[source.name if len(sources) == 1 else str(source)] = source
            continue
        # A folder that cannot be listed is an error here and merely empty to rglob.
        next(source.iterdir(), None)
        for path in sorted(source.rglob("*")):
            if path.is_file():
                name = path.relative_to(source) if len(sources) == 1 else path
                files[name.as_posix()] = path
    return files


def _shipped() -> Iterator[Path]:
    for module, folder, names in _SHIPPED:
        spec = find_spec(module)
        for place in spec.submodule_search_locations or [] if spec else []:
            yield from (path for name in names if (path := Path(place, folder, name)).is_file())
