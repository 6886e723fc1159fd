"""vigil doctor: what would lose messages or keep an alert from somebody, and what to set.

In reading order: finding, store, broker (which asks queue, traffic and rights through probe).
Brokers are judged by what they do, under client ids and topics of our own; what cannot be seen
from outside is said to be so.
"""

from collections.abc import Iterator

from vigil.clock import SystemClock
from vigil.doctor.broker import Look, broker
from vigil.doctor.finding import Finding
from vigil.doctor.store import store
from vigil.settings import Settings

__all__ = ["Finding", "Look", "examine"]


def examine(settings: Settings, look: Look) -> Iterator[Finding]:
    """Every finding, in the order in which things are to be put right."""
    yield from store(settings, SystemClock())
    yield from broker(settings, look)
