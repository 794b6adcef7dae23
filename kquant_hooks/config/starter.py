"""The text that ``kquant config --init`` writes."""

from __future__ import annotations

STARTER = """\
# Which images are reduced to which palettes: read by the kquant hook and by 'kquant watch'.
# 'kquant config FILE' shows which options apply to a file; 'kquant config --schema' prints a schema
# for editors.

# Options for files that no rule below matches. Without this file, the limit is 256 colours.
colors: 256
# effort: balanced          # fast | balanced | best
# min-savings: 5%           # rewrite a file only if it becomes at least this much smaller
# min-psnr: 36              # leave a file alone if its PSNR in decibels would be lower than this

# The first rule that matches a file wins; options that it leaves out keep their values from above. Globs are
# relative to the folder of this file. ** matches any number of folders, and {a,b} matches a or b. A name
# without '/' matches in all folders.
rules: []
#   - files: sprites/**
#     palette: ['#1a1c2c', '#5d275d', '#b13e53', '#f4f4f4']   # or a file: sprites.gpl
#   - files: ['icons/**', '**/*.icon.png']
#     colors: 16
#   - files: '**/screenshots/*.{png,webp}'
#     colors: 64
#   - files: photos/**
#     skip: true
"""
