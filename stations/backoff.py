"""How long to wait before trying again: doubling, with jitter so that copies do not march."""

from random import Random

_DOUBLINGS = 20  # beyond any `most` in use; keeps the power small


def backoff(attempt: int, rng: Random, *, first: float, most: float) -> float:
    """Seconds before attempt `attempt` + 1; half to one and a half times the doubled wait."""
    wait = min(most, first * 2.0 ** min(max(attempt - 1, 0), _DOUBLINGS))
    return wait * rng.uniform(0.5, 1.5)
