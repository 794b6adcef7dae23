"""``python -m kquant_hooks`` is ``kquant``."""

from __future__ import annotations

import sys

from kquant_hooks.cli import main

if __name__ == "__main__":
    sys.exit(main())
