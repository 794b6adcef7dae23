"""Outcomes for programs: what ``--json`` prints, one object a line."""

from __future__ import annotations

import json
import math
from typing import Any

from kquant_hooks.assets.outcome import Outcome


def outcome_record(outcome: Outcome) -> str:
    """One line of JSON."""
    return json.dumps(outcome_fields(outcome))


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """What JSON is made of; a PSNR of None is that of a picture in which nothing changed."""
    psnr = outcome.psnr
    return {
        "path": str(outcome.path),
        "target": None if outcome.target is None else str(outcome.target),
        "status": outcome.status,
        "reason": outcome.reason,
        "bytes_before": outcome.bytes_before,
        "bytes_after": outcome.bytes_after,
        "colors_before": outcome.colors_before,
        "colors_after": None if outcome.palette is None else len(outcome.palette),
        "frames": outcome.frames,
        "mse": outcome.mse,
        "psnr": None if psnr is None or math.isinf(psnr) else psnr,
        "palette": None if outcome.palette is None else outcome.palette.hex(),
    }
