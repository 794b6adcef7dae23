"""One module a format: recognized, read, written; `files.py` lists them."""
