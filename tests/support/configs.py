"""What tests of configurations share."""

from __future__ import annotations

from pathlib import Path

from kquant_hooks.config.resolving import resolver


def write(text: str, folder: str = ".") -> Path:
    path = Path(folder, ".kquant.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def resolved(file: str, **flags: object):
    return resolver(flags)(Path(file))


def colors_of(*files: str) -> list[int]:
    return [resolved(file).settings.colors for file in files]
