"""A k-means colour quantizer: a Pillow filter, a pre-commit hook and a watch-folder daemon."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kquant_hooks.filter import KMeansQuantize
    from kquant_hooks.images.quantize import Quantized, quantize
    from kquant_hooks.images.sharing import learn_palette
    from kquant_hooks.palettes.palette import Palette

__all__ = ["KMeansQuantize", "Palette", "Quantized", "learn_palette", "quantize"]

_HOMES = {
    "KMeansQuantize": "kquant_hooks.filter",
    "Palette": "kquant_hooks.palettes.palette",
    "Quantized": "kquant_hooks.images.quantize",
    "learn_palette": "kquant_hooks.images.sharing",
    "quantize": "kquant_hooks.images.quantize",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that importing the package costs nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
