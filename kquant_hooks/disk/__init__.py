"""Files and folders on disk, accessed by handle: an open folder is never looked up by its path again."""
