"""Sizes that runs usually have."""

from typing import NamedTuple


class Profile(NamedTuple):
    homes: int
    whole: bool
    """Small enough to be held whole; else it is made street by street (`Fleet.parts`)."""


PROFILES = {
    "demo": Profile(200, whole=True),
    "district": Profile(22_000, whole=True),
    "city": Profile(1_600_000, whole=False),
}
"""A demonstration; a district and a city of the design's size (docs: Scale)."""
