"""Where the tests are."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).parent
# Of the repository.
ROOT = SUPPORT.parent.parent
