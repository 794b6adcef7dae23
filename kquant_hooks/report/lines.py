"""One line for people about one file."""

from __future__ import annotations

import math

from kquant_hooks.assets.outcome import Outcome

_KIBI = 1024


def outcome_line(outcome: Outcome) -> str:
    """Such as ``photo.jpg -> out.png  38 214 -> 16 colours  412.8 KiB -> 96.1 KiB  PSNR 34.1 dB``."""
    quality = "no pixel changed" if math.isinf(outcome.psnr) else f"PSNR {outcome.psnr:.1f} dB"
    parts = [
        f"{outcome.source} -> {outcome.target}",
        f"{_grouped(outcome.colors_before)} -> {len(outcome.palette)} colours",
        f"{_size(outcome.bytes_before)} -> {_size(outcome.bytes_after)}",
        quality,
    ]
    return "  ".join(parts)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < _KIBI or unit == "MiB":
            break
        size /= _KIBI
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
