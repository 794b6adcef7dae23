"""The colours of one file on disk, for a palette of many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kquant_hooks.assets.outcome import Outcome
from kquant_hooks.assets.policy import Policy
from kquant_hooks.assets.process import read_file, without_result
from kquant_hooks.quantizer.settings import Settings

if TYPE_CHECKING:
    from kquant_hooks.quantizer.histogram import Histogram


def count_file(path: Path, settings: Settings, policy: Policy) -> Histogram | Outcome:
    """All frames of an image file as they are seen; an outcome where it cannot be read."""
    size = 0
    try:
        data = read_file(path, policy)
        size = len(data)

        from kquant_hooks.assets.convert import count
        from kquant_hooks.assets.memory import memory_limited

        with memory_limited(policy.max_memory):
            return count(data, settings, policy)
    except Exception as error:  # noqa: BLE001  whatever a broken file brings about is about that file
        return without_result(error, path, None, size, policy)
