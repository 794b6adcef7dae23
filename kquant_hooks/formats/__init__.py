"""Facts about image formats, for which neither Pillow nor NumPy is needed."""
