"""Colour spaces: one module per space, named like its value of the option ``space``."""
