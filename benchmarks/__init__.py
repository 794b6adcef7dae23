"""Error and time of colour quantizers, side by side in one run: ``python -m benchmarks --help``."""
