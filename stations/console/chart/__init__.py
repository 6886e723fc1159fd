"""What the pages draw: readings in, geometry out. Templates put it into SVG.

Lengths are in the drawing's own units, times int64 µs UTC, values in the quantity's unit; NaN is
unknown and leaves a gap.
"""
