"""Reads ``.kquant.yaml``."""
