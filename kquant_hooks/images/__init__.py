"""Images in memory: modes, pixels and indexed images."""
