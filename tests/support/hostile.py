"""Files made to use unlimited time or memory, and a child process that converts one."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib

from kquant_hooks.formats.chunks import PNG_SIGNATURE

# Without limits these files would take minutes or hours, and gigabytes.
SECONDS = 90
MEGABYTES = 200
_CHILD = """
import sys

from kquant_hooks.assets.convert import convert
from kquant_hooks.processes.memory import memory_limited
from kquant_hooks.options.policy import Policy
from kquant_hooks.options.settings import Settings

megabytes, format_name = int(sys.argv[1]), sys.argv[2] or None
with memory_limited(megabytes << 20):
    try:
        done = convert(sys.stdin.buffer.read(), Settings(4, effort="fast", threads=1), Policy(), format_name)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        print(f"{done.figures.frames} frames in {len(done.data)} bytes")
"""


def outcome_of(data: bytes, format_name: str = "", megabytes: int = MEGABYTES) -> str:
    """The outcome of a file, in place or in a format, within limits of time and memory."""
    command = [sys.executable, "-c", _CHILD, str(megabytes), format_name]
    run = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode().strip()


def size_of(outcome: str) -> int:
    """The size of the rewritten file in bytes."""
    assert " frames in " in outcome, outcome
    return int(outcome.split()[3])


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def rows(width: int, height: int) -> bytes:
    """Rows of R, G, B, all of them different."""
    return b"".join(b"\0" + bytes((3 * y + 7 * x) % 251 for x in range(3 * width)) for y in range(height))


def png(before: bytes = b"", pixels: bytes | None = None, after: bytes = b"", side: int = 16) -> bytes:
    """An RGB PNG; ``pixels`` are its IDAT chunks."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    if pixels is None:
        pixels = chunk(b"IDAT", zlib.compress(rows(side, side)))
    return PNG_SIGNATURE + chunk(b"IHDR", header) + before + pixels + after + chunk(b"IEND", b"")


def directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A TIFF's directory: of each tag its number, type, count and value or offset."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)
