"""Actions on files, and facts about them, that several tests share."""

from __future__ import annotations

import faulthandler
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

from drawings import FILES, saved
from helpers import pixels_of
from photos import draw_photo
from PIL import Image, ImageSequence

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.process import process
from kquant_hooks.formats.chunks import png_chunks
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

# Fewer colours than any of the drawn files has.
K = 5
# Seconds before a command counts as hanging.
DEADLINE = 30


def rewrite(path: Path, colors: int = K, **policy: object) -> Outcome:
    return process(path, Settings(colors), Policy(**policy))


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The content and the modification time of each file in a folder."""
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir() if p.is_file()}


def check_skipped(path: Path, reason: str) -> None:
    """Rewriting a file in place is refused for this reason, and changes nothing in its folder."""
    before = state(path.parent)
    outcome = rewrite(path)
    assert (outcome.status, outcome.reason) == ("skipped", reason)
    assert state(path.parent) == before


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in files_in(folder)
    }


def put(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(FILES[name]())
    return path


def frames_of(data: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)]


def timing_of(data: bytes) -> list[object]:
    with Image.open(io.BytesIO(data)) as image:
        times = [(frame.load(), frame.info.get("duration"))[1] for frame in ImageSequence.Iterator(image)]
        return [image.info.get("loop"), getattr(image, "n_frames", 1), times]


def seen_colors(frames: list[Image.Image]) -> set[tuple[int, ...]]:
    """Distinct colours over all frames; transparent pixels count as one."""
    return {pixel if pixel[3] else (0, 0, 0, 0) for frame in frames for pixel in pixels_of(frame)}


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(kind, bytes(content)) for kind, content in png_chunks(data)]


def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "kquant_hooks", "quantize", *arguments]
    return subprocess.run(command, capture_output=True, timeout=DEADLINE, **options)


def colors_in(path: Path | str) -> int:
    with Image.open(path) as image:
        return len(image.convert("RGBA").getcolors(1 << 20))


def crash() -> None:
    """Crash like a decoder, without the traceback that pytest would print."""
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def picture_at(name: str, data: bytes | None = None) -> Path:
    """A file below the current folder: a photo, unless ``data`` is given."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(draw_photo(), "PNG") if data is None else data)
    return path
