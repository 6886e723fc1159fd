"""What a site decides about its broker, whichever it is."""

from pathlib import Path
from typing import NamedTuple


class Tls(NamedTuple):
    """Paths as the broker sees them."""

    certificate: Path
    key: Path


class Site(NamedTuple):
    """`folder`: where the files will lie; `data`: where the broker keeps what it holds;
    `window`: QoS 1 messages on the way to one client before it must acknowledge."""

    folder: Path
    data: Path
    host: str
    port: int
    tls: Tls | None
    window: int
    user: str
    """Whom the broker becomes when root starts it (Mosquitto)."""
