"""Palettes: colours with names, in files of many formats."""
