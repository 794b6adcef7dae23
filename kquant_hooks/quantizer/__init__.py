"""The quantizer: NumPy only. No Pillow, no files, no printing."""
