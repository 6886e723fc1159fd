"""The brokers that are measured, each on loopback with a folder of its own."""

from collections.abc import Callable
from pathlib import Path

from tests.support.mosquitto import PROGRAM, Mosquitto
from vigil.embedded.broker import Broker

Serve = Callable[[Path], Mosquitto | Broker]


def brokers() -> dict[str, Serve]:
    """Those that are installed here; Mosquitto with what a site that loses nothing sets."""
    return {"mosquitto": Mosquitto, "nats": Broker} if PROGRAM else {"nats": Broker}
