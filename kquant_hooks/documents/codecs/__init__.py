"""The formats that can hold a quantized picture: one module for each, and the table of them."""
