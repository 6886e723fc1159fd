"""Benchmarks: ratios measured in one run, printed as JSON Lines and, at the end, as a table."""
