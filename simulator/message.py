"""A timed MQTT message: what the fleet yields and the composition root publishes."""

from typing import NamedTuple


class Message(NamedTuple):
    """`at`: when it is published, µs UTC."""

    at: int
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
