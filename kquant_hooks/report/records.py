"""Outcomes for programs: the objects that ``--json`` prints, one per line."""

from __future__ import annotations

import json
import math
from typing import Any

from kquant_hooks.assets.outcome import Outcome


def outcome_record(outcome: Outcome) -> str:
    """An outcome as one line of JSON."""
    return json.dumps(outcome_fields(outcome))


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """The fields of the JSON object; the PSNR is None if no pixel changed, as JSON has no infinity."""
    figures = outcome.figures
    result = None if outcome.status == "failed" else figures
    return {
        "path": str(outcome.path),
        "target": None if outcome.target is None else str(outcome.target),
        "status": outcome.status,
        "reason": outcome.reason,
        "bytes_before": outcome.bytes_before,
        "bytes_after": outcome.bytes_after,
        "colors_before": None if figures is None else figures.colors_before,
        "colors_after": None if result is None else len(result.palette),
        "frames": None if figures is None else figures.frames,
        "mse": None if result is None else result.mse,
        "psnr": None if result is None or math.isinf(result.psnr) else result.psnr,
        "palette": None if result is None else result.palette.hex(),
    }
