"""A file as values: its frames, its metadata, and the formats that hold them."""
