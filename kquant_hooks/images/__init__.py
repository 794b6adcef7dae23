"""A picture in memory: modes, pixels and indexed images."""
