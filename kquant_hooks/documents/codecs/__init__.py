"""One codec for each image format, and their helpers; ``formats/table.py`` lists them."""
