"""The text that ``kquant config --init`` writes."""

from __future__ import annotations

STARTER = """\
# Which images are reduced to which palettes: read by the kquant hook and by 'kquant watch'.
# 'kquant config FILE' says what holds for a file; 'kquant config --schema' prints a schema for editors.

# Files that no rule below speaks of. Without this file: 256.
colors: 256
# effort: balanced          # fast | balanced | best
# min-savings: 5%           # leave a file alone unless it gets smaller by so much
# min-psnr: 36              # leave a file alone if it would look worse than so many decibels

# The first rule that matches a file has the say, before what is above. Globs start at the folder of this
# file; ** stands for any folders, {a,b} for a or b; a name without '/' is looked for in all folders.
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
