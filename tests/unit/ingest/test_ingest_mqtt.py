"""The MQTT source on a real broker: persistent session, manual acknowledgement, catching up."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from ingest.mqtt import BrokerAddress, MqttSource
from ingest.queue import BatchQueue, Limits
from ingest.source import Delivery, Messages
from vigil.embedded.broker import Broker

PATIENCE = 20.0  # seconds; only a failing test waits so long


class Gateway:
    """A publisher under an area of its own, so that tests can share a broker."""

    def __init__(self, broker: Broker) -> None:
        self.area = "t" + secrets.token_hex(4)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def say(self, payload: bytes) -> None:
        topic = f"vigil/v1/{self.area}/g/up/d"
        self._client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def gateway(broker: Broker) -> Iterator[Gateway]:
    client = Gateway(broker)
    yield client
    client.close()


@contextmanager
def session(broker: Broker, client_id: str, area: str) -> Iterator[MqttSource]:
    queue = BatchQueue(
        held=Limits(1_000, 10**7), batch=Limits(100, 10**6), age=0, monotonic=time.monotonic
    )
    source = MqttSource(
        BrokerAddress("127.0.0.1", broker.port),
        client_id=client_id,
        subscriptions=[
            f"vigil/v1/{area}/+/up/+",
            "vigil/v1/_ingest/+/up",
            "vigil/v1/_ingest/+/up/+",
            "vigil/v1/_ingest/+/status",
            "native/_ingest/#",
        ],
        queue=queue,
        now=lambda: time.time_ns() // 1_000,
        redelivery_wait=0,
    )
    source.open()
    try:
        yield source
    finally:
        source.close()


class Taken:
    """What a source has handed over so far."""

    def __init__(self, source: MqttSource) -> None:
        self._source = source
        self.deliveries: list[Delivery] = []
        self.caught_up: int | None = None

    def until(self, enough: Callable[["Taken"], bool]) -> "Taken":
        deadline = time.monotonic() + PATIENCE
        while not enough(self):
            assert time.monotonic() < deadline, f"only {self.deliveries} came"
            batch = self._source.take(0.1)
            self.deliveries += batch.messages.deliveries()
            self.caught_up = batch.caught_up or self.caught_up
        return self

    @property
    def payloads(self) -> list[bytes]:
        return [d.payload for d in self.deliveries]


def caught_up(taken: Taken) -> bool:
    return taken.caught_up is not None


def test_messages_come_in_order_and_after_catching_up_are_no_backlog(
    broker: Broker, gateway: Gateway
) -> None:
    with session(broker, secrets.token_hex(6), gateway.area) as source:
        taken = Taken(source).until(caught_up)
        assert not source.catching_up
        for n in range(20):
            gateway.say(b"%d" % n)
        taken.until(lambda t: len(t.deliveries) == 20)
        assert taken.payloads == [b"%d" % n for n in range(20)]
        assert not any(d.backlog for d in taken.deliveries)
        received = [d.received for d in taken.deliveries]
        assert received == sorted(set(received))


def test_what_was_not_acknowledged_comes_again_as_backlog(broker: Broker, gateway: Gateway) -> None:
    client_id = secrets.token_hex(6)
    with session(broker, client_id, gateway.area) as source:
        taken = Taken(source).until(caught_up)
        for n in range(4):
            gateway.say(b"%d" % n)
        taken.until(lambda t: len(t.deliveries) == 4)
        source.ack(Messages.of(taken.deliveries[:2]))
    gateway.say(b"while away")
    with session(broker, client_id, gateway.area) as source:
        again = Taken(source).until(
            lambda t: caught_up(t) and {b"2", b"3", b"while away"} <= set(t.payloads)
        )
    assert all(d.dup for d in again.deliveries if d.payload in {b"2", b"3"})
    assert all(d.backlog for d in again.deliveries if d.payload == b"while away")


def test_a_redelivery_of_what_is_being_worked_on_is_dropped(
    broker: Broker, gateway: Gateway
) -> None:
    """The embedded broker redelivers after 2 s what is not acknowledged yet."""
    with session(broker, secrets.token_hex(6), gateway.area) as source:
        taken = Taken(source).until(caught_up)
        gateway.say(b"slow")
        taken.until(lambda t: len(t.deliveries) == 1)
        nothing_comes(source)
        assert source.unacknowledged == 1
        source.ack(Messages.of(taken.deliveries))
        assert source.unacknowledged == 0
        nothing_comes(source)  # and the broker has forgotten it


def nothing_comes(source: MqttSource) -> None:
    """For longer than the broker waits before it redelivers."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert not len(source.take(0.2).messages)


def test_acknowledgements_of_a_forgotten_session_are_not_sent(
    broker: Broker, gateway: Gateway
) -> None:
    """Packet ids of a session that the broker lost belong to other messages now."""
    with session(broker, secrets.token_hex(6), gateway.area) as source:
        taken = Taken(source).until(caught_up)
        gateway.say(b"one")
        taken.until(lambda t: len(t.deliveries) == 1)
        old = [d._replace(session=d.session - 1) for d in taken.deliveries]
        source.ack(Messages.of(old))
        assert source.unacknowledged == 1
