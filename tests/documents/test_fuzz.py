"""Thousands of damaged files, and all available pictures: no crash, no lost file, no leftover."""

from __future__ import annotations

import random
import shutil
import struct
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from drawings import FILES, PROFILE, exif, png_texts, saved
from photos import draw_photo, draw_translucent
from PIL import Image
from places import ROOT

from kquant_hooks.assets.process import process
from kquant_hooks.formats.chunks import PNG_SIGNATURE, png_chunks
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings
from kquant_hooks.processes.pool import run_each

CASES = 4000
SECONDS = 60
SHARED = ROOT.parent / "shared" / "images"
STATUSES = {"rewritten", "unchanged", "skipped", "failed"}


def small_files() -> list[bytes]:
    photo, translucent = draw_photo(24, 16), draw_translucent(24, 16)
    frames = [draw_photo(20, 12, seed=seed).quantize(32).convert("RGBA") for seed in (1, 2, 3)]
    frames[1].paste((0, 0, 0, 0), (3, 3, 9, 9))
    several = {"save_all": True, "append_images": frames[1:], "duration": [10, 20, 30], "loop": 2}
    options = {"pnginfo": png_texts(), "icc_profile": PROFILE[:300], "exif": exif()}
    return [
        saved(photo, "PNG", **options),
        saved(translucent, "PNG"),
        saved(photo.quantize(64), "PNG"),
        saved(translucent.convert("LA"), "PNG"),
        saved(frames[0], "PNG", **several),
        saved(frames[0], "PNG", **several, blend=1, disposal=[0, 1, 2]),
        saved(photo, "GIF", comment=b"by hand"),
        saved(frames[0], "GIF", **several, disposal=[1, 2, 3]),
        saved(photo, "BMP"),
        saved(photo.quantize(64), "BMP"),
        saved(photo, "TIFF", exif=exif(), icc_profile=PROFILE[:300]),
        saved(translucent, "TIFF", compression="tiff_adobe_deflate"),
        saved(photo, "TIFF", compression="tiff_lzw", save_all=True, append_images=[photo.convert("L")]),
        saved(photo, "TIFF", big_tiff=True),
        saved(translucent, "WEBP", lossless=True, exif=exif()),
        saved(frames[0], "WEBP", **several, lossless=True),
        saved(photo, "WEBP"),
        saved(photo, "PPM"),
        saved(photo, "JPEG", exif=exif()),
    ]


def damaged(data: bytes, draw: random.Random) -> bytes:
    """The file cut off, or with a part changed, removed, doubled or overwritten."""
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5))):
        start = draw.randrange(len(out)) if draw.random() < 0.5 else draw.randrange(min(120, len(out)))
        stop = min(len(out), start + draw.choice((1, 2, 4, 30)))
        kind = draw.randrange(6)
        if kind == 0:
            out[start:] = b""
        elif kind == 1:
            out[start:stop] = draw.randbytes(stop - start)
        elif kind == 2:
            out[start:stop] = b""
        elif kind == 3:
            out[start:start] = out[start:stop]
        elif kind == 4:
            out[start:stop] = draw.choice((b"\0", b"\xff", b"\x7f")) * (stop - start)
        else:
            out[start] = (out[start] + draw.choice((1, 255, 128))) % 256
        if not out:
            return b""
    if draw.random() < 0.6 and data.startswith(PNG_SIGNATURE):
        return with_right_checksums(bytes(out))
    return bytes(out)


def with_right_checksums(data: bytes) -> bytes:
    """The PNG with valid checksums, so that damage passes the first check."""
    parts = [data[:8]]
    for kind, content in png_chunks(data):
        body = kind + bytes(content)
        parts.append(struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(parts)


@dataclass(frozen=True)
class Case:
    folder: Path
    number: int
    data: bytes


def complaint(case: Case) -> str:
    """What is wrong with how a damaged file is treated; empty if nothing is."""
    folder = case.folder / str(case.number)
    folder.mkdir()
    path = folder / "asset.bin"
    path.write_bytes(case.data)
    settings, policy = Settings(4), Policy(max_pixels=1 << 20)
    outcome = process(path, settings, policy)
    after = path.read_bytes()
    problems = []
    if outcome.status not in STATUSES or ("Error" in outcome.reason and outcome.status == "failed"):
        problems.append(f"{outcome.status}: {outcome.reason}")
    if "\n" in outcome.reason or (not outcome.reason) != (outcome.status == "rewritten"):
        problems.append(f"a reason that is not one line: {outcome.reason!r}")
    if outcome.status != "rewritten" and after != case.data:
        problems.append(f"{outcome.status}, but it changed")
    if outcome.status == "rewritten" and (again := process(path, settings, policy)).status != "unchanged":
        problems.append(f"a second run says {again.status}: {again.reason}")
    converted = process(path, settings, policy, target=folder / "out.png")
    if any(found.reason.startswith("the result") for found in (outcome, converted)):
        # A damaged file must be reported before it is quantized.
        problems.append(f"read differently after writing: {outcome.reason or converted.reason}")
    if converted.status == "rewritten":
        with Image.open(folder / "out.png") as image:
            image.load()
    left = {found.name for found in folder.iterdir()} - {"asset.bin", "out.png"}
    if left:
        problems.append(f"left behind: {left}")
    shutil.rmtree(folder)
    return "; ".join(problems)


@pytest.mark.skipif(sys.platform != "linux", reason="the damage is random; one platform is enough")
def test_damaged_files(tmp_path):
    draw = random.Random(20)
    seeds = small_files()
    end = time.monotonic() + SECONDS

    def cases():
        for number in range(CASES):
            if time.monotonic() > end:
                return
            yield Case(tmp_path, number, damaged(seeds[number % len(seeds)], draw))

    results = dict(run_each(complaint, cases(), 2))
    assert {number: result for number, result in results.items() if result} == {}
    assert len(results) > CASES / 10
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True)
class Picture:
    path: Path
    colors: int


def rewritten_twice(picture: Picture) -> str:
    """What is wrong with how a picture is treated; empty if nothing is."""
    settings = Settings(picture.colors, effort="fast")
    first = process(picture.path, settings, Policy())
    state = (picture.path.read_bytes(), picture.path.stat().st_mtime_ns)
    second = process(picture.path, settings, Policy())
    if (picture.path.read_bytes(), picture.path.stat().st_mtime_ns) != state or second.status == "rewritten":
        return f"the second run changed something: {second}"
    if "Error" in first.reason:
        return f"{first.status}: {first.reason}"
    return ""


@pytest.mark.parametrize("colors", [3, 64])
def test_all_available_pictures(colors, tmp_path):
    for name, made in FILES.items():
        (tmp_path / name).write_bytes(made())
    if SHARED.is_dir():
        for path in SHARED.rglob("*.*"):
            if path.is_file() and path.parent.name not in ("large",):
                copy = tmp_path / "shared" / path.relative_to(SHARED)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    for number, result in run_each(rewritten_twice, (Picture(path, colors) for path in before), 2):
        assert result == "", before[number]
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
