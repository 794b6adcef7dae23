"""``kquant palette``: learn palettes; show, convert and compare palette files."""
