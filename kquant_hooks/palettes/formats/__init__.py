"""One module per format, which recognizes, reads and writes it; ``files.py`` lists them."""
