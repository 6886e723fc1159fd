"""Three rules of the catalogue in pandas, in polars, and in plain Python a row at a time.

What each of them can say without becoming an engine: readings in order, none late, retained or a
test; gateways that never fall silent; the whole capture known beforehand. Heart rate (a condition
that holds, with staleness, two severities and clearing), device silence, and presses with their
window. They find what may happen when; the few alerts are then told by the same plain code, and
must be those of the engine, to the microsecond.
"""

from bench.rules.peers.measure import measure

__all__ = ["measure"]
