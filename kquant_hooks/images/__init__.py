"""Pillow: modes, pixels and indexed images."""
