"""What the figures were measured on, and with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import packages_distributions, version
from pathlib import Path

# Modules whose versions decide the figures.
_MODULES = ("kquant_hooks", "numpy", "PIL", "sklearn", "skimage", "cv2", "faiss", "imagequant")


def machine() -> dict[str, str | float]:
    """The processor, its cores and those that this process may use, the system and how busy it is now."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return {
        "cpu": _cpu_model(),
        "cores": cores,
        "usable_cores": usable,
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else "unknown",
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the installed distributions that take part, by name."""
    homes = packages_distributions()
    names = sorted({name.lower() for module in _MODULES for name in homes.get(module, [])})
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown")
