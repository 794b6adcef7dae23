"""An image file as values: frames, metadata, and the codecs of the formats."""
