"""Peak memory of ``quantize`` above that of the decoded picture, each time in a fresh process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fresh import run_fresh
from benchmarks.pictures import Picture, read
from kquant_hooks import quantize
from kquant_hooks.options.settings import EffortName

EFFORTS = ("fast", "balanced", "best")

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Peak:
    """Peak resident memory of one call, less what was resident before it."""

    picture: str
    effort: str
    colors: int
    pixels: int
    bytes_per_pixel: float


def can_measure() -> bool:
    """Whether the system tells of a process's peak and lets it be reset (Linux)."""
    return _RESET.exists()


def peaks(
    picture: Picture, megapixels: float | None, colors: list[int], progress: Callable[[str], None]
) -> list[Peak]:
    """Measure one picture at every effort and number of colours."""
    found = []
    pixels = picture.width * picture.height
    for count in colors:
        for effort in EFFORTS:
            progress(f"memory: {effort}, {count} colours")
            size = "" if megapixels is None else str(megapixels)
            printed = run_fresh(
                "import sys; from benchmarks.memory import probe; print(probe(*sys.argv[1:]))",
                *(str(picture.path), size, str(count), effort),
            )
            found.append(Peak(picture.name, effort, count, pixels, int(printed) / pixels))
    return found


def probe(path: str, megapixels: str, colors: str, effort: EffortName) -> int:
    """The bytes that one call needs at its peak; to be called once in a process, with words from its command.

    ``ru_maxrss`` would not do: Linux hands the parent's peak on to a child, and the decoder's may be higher
    than that of ``quantize``. The kernel's peak of this program alone can be set back.
    """
    image = read(Path(path), float(megapixels) if megapixels else None)
    return peak_above(lambda: quantize(image, int(colors), effort=effort))


def peak_above(call: Callable[[], object]) -> int:
    """The bytes that a call needs at its peak beside what is resident before it."""
    _RESET.write_text("5")
    before = _resident("VmRSS")
    call()
    return _resident("VmHWM") - before


def _resident(key: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(key))
    return 1024 * int(line.split()[1])
