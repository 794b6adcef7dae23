"""Files and folders on disk, by handle: what was opened once is never looked for by its path again."""
