"""The watch-folder daemon."""
