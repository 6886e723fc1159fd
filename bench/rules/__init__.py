"""The rules alone: how fast they judge, how much they remember, and how others fare at it."""

from bench.rules.measure import measure

__all__ = ["measure"]
