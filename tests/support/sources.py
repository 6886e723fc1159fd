"""Sources as the contract suite drives them: a session on a broker, and what it has handed over."""

import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ingest.mqtt import BrokerAddress, MqttSource, SessionOptions
from ingest.mqtt.packets import Login, connect
from ingest.queue import BatchQueue, Limits
from ingest.source import Delivery, Messages
from schemas import topics
from tests.support.system import until

ROOMY = Limits(100_000, 10**8)
SMALL = Limits(100, 10**6)


def clock() -> int:
    return time.time_ns() // 1_000


@contextmanager
def session(
    port: int,
    *,
    client_id: str | None = None,
    held: Limits = ROOMY,
    batch: Limits = SMALL,
    keepalive: int = 30,
    redelivery_wait: float = 0,
    login: tuple[str, str] | None = None,
    may_connect: Callable[[], bool] = lambda: True,
) -> Iterator[MqttSource]:
    """An MQTT source with ingest's own subscriptions, open until left; by TLS where there is a
    login. The broker forgets it afterwards, unless a client id is given."""
    name = client_id or secrets.token_hex(6)
    source = MqttSource(
        _address(port, login),
        SessionOptions(
            name, topics.SUBSCRIPTIONS, keepalive=keepalive, redelivery_wait=redelivery_wait
        ),
        queue=BatchQueue(held=held, batch=batch, age=0, monotonic=time.monotonic),
        now=clock,
        rng=random.Random(1),
        may_connect=may_connect,
    )
    source.open()
    try:
        yield source
    finally:
        source.close()
        if client_id is None and login is None:
            _forget(port, name)


def _address(port: int, login: tuple[str, str] | None) -> BrokerAddress:
    """Plain, or by TLS with an account."""
    if login is None:
        return BrokerAddress("127.0.0.1", port)
    return BrokerAddress("localhost", port, tls=True, username=login[0], password=login[1])


def _forget(port: int, client_id: str) -> None:
    """A clean session of the same name ends the kept one."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as link:
        link.sendall(connect(Login(client_id, keepalive=10, clean=True)))
        link.recv(4)


class Taken:
    """What a source has handed over so far, as it came."""

    def __init__(self, source: MqttSource) -> None:
        self._source = source
        self.batches: list[Messages] = []
        self.caught_up: int | None = None

    def until(self, enough: Callable[["Taken"], bool]) -> "Taken":
        """Take until it is enough; AssertionError where that does not come."""

        def then() -> bool:
            self.more(0.05)
            return enough(self)

        until(then)
        return self

    def more(self, seconds: float) -> None:
        """Take once."""
        batch = self._source.take(seconds)
        if len(batch.messages):
            self.batches.append(batch.messages)
        self.caught_up = batch.caught_up or self.caught_up

    def count(self, wanted: int) -> "Taken":
        """Take until there are so many."""
        return self.until(lambda taken: len(taken) >= wanted)

    def ack(self) -> None:
        """Acknowledge everything so far."""
        for messages in self.batches:
            self._source.ack(messages)

    def __len__(self) -> int:
        return sum(len(messages) for messages in self.batches)

    @property
    def deliveries(self) -> list[Delivery]:
        return [delivery for messages in self.batches for delivery in messages.deliveries()]

    @property
    def payloads(self) -> list[bytes]:
        return [payload for messages in self.batches for payload in messages.payloads]


def has_caught_up(taken: Taken) -> bool:
    return taken.caught_up is not None


def caught_up(source: MqttSource) -> Taken:
    """What came while it caught up."""
    return Taken(source).until(has_caught_up)
