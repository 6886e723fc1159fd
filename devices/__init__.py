"""Bytes → readings. One folder per device model; code only where a mapping cannot say it.

Reading order: `decoded` (what comes out), `catalogue` (which profile reads a topic), `wire`
(our own wire), `language/` (what a profile.toml may say, compiled to functions), `check` (the
sweep over every model's examples).
"""
