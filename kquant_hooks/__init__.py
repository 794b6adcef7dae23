"""A k-means colour quantizer: a Pillow filter, a pre-commit hook and a watch-folder daemon."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kquant_hooks.assets.outcome import Outcome
    from kquant_hooks.files import quantize_file
    from kquant_hooks.filter import KMeansQuantize
    from kquant_hooks.images.quantize import Quantized, quantize
    from kquant_hooks.images.sharing import learn_palette
    from kquant_hooks.palettes.palette import Palette

    __version__: str

__all__ = [
    "KMeansQuantize",
    "Outcome",
    "Palette",
    "Quantized",
    "learn_palette",
    "quantize",
    "quantize_file",
]

_HOMES = {
    "KMeansQuantize": "kquant_hooks.filter",
    "Outcome": "kquant_hooks.assets.outcome",
    "Palette": "kquant_hooks.palettes.palette",
    "Quantized": "kquant_hooks.images.quantize",
    "learn_palette": "kquant_hooks.images.sharing",
    "quantize": "kquant_hooks.images.quantize",
    "quantize_file": "kquant_hooks.files",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that importing the package costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("kquant-hooks")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
