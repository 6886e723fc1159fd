"""The composition root: settings, wiring, command line, embedded services, capture, replay.

The only package that may import all others, and the only one that reads the clock (I8).
"""
