"""Kinds of options, and the lists made of them."""
