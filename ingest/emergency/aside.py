"""Sessions beside ingest's own: one to listen for emergencies, one to send cards.

The one that listens is QoS 0 and clean: it takes what is published while it is there, and the
broker keeps nothing for it, so it is never behind. What cannot hold an emergency is dropped, a
whole batch at a time: it must cost next to nothing, as it listens just when there is much to do.
Cards are sent at QoS 1 and again after a lost connection, until the broker has them.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.clock import Clock
from ingest.emergency.cards import Letter
from ingest.mqtt import BrokerAddress, MqttSource, SessionOptions
from ingest.queue import BatchQueue, Limits
from ingest.source import Mark, Messages

logger = structlog.get_logger(__name__)

_HELD = Limits(messages=20_000, payload=64 * 1024 * 1024)  # then the connection is read no further
_BATCH = Limits(messages=5_000, payload=8 * 1024 * 1024)
_KEEPALIVE_S = 10


class Overheard(NamedTuple):
    topic: bytes
    payload: bytes
    received: int  # µs UTC


class Aside:
    """`matters` tells from the bytes which messages are worth a look. For one thread."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        matters: Callable[[Messages], Sequence[int]],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._address, self._client_id = address, client_id
        self._subscriptions = tuple(subscriptions)
        self._matters, self._clock, self._rng = matters, clock, rng
        self._source: MqttSource | None = None
        self._sender: paho.Client | None = None
        self._heard: deque[Overheard] = deque()
        self._taken: set[int] = set()

    @property
    def is_open(self) -> bool:
        return self._source is not None or self._sender is not None

    @property
    def listening(self) -> bool:
        return self._source is not None

    def listen(self) -> None:
        """Begin to connect, and go on trying."""
        if self._source is None:
            self._source = self._make_source()
            self._source.open()

    def close(self) -> None:
        """Leave; what the broker does not have by then is not sent."""
        source, self._source = self._source, None
        sender, self._sender = self._sender, None
        if source is not None:
            source.close()
        if sender is not None:
            sender.disconnect()
            sender.loop_stop()
        self._heard.clear()
        self._taken.clear()

    def take(self, timeout: float) -> Overheard | None:
        """The next message worth a look; None where a batch holds none, or none comes in
        `timeout` seconds."""
        if not self._heard and self._source is not None:
            self._sift(self._source.take(timeout).messages)
        return self._heard.popleft() if self._heard else None

    def send(self, letter: Letter) -> int:
        """A number by which `has_taken` tells once the broker has it."""
        if self._sender is None:
            self._sender = self._make_sender()
            self._sender.connect_async(self._address.host, self._address.port, _KEEPALIVE_S)
            self._sender.loop_start()
        return self._sender.publish(letter.topic, letter.payload, qos=1).mid

    def has_taken(self, number: int) -> bool:
        """Said once of each. What was sent before there was a connection goes when there is one."""
        if number not in self._taken:
            return False
        self._taken.discard(number)
        return True

    # Listening

    def _make_source(self) -> MqttSource:
        options = SessionOptions(
            self._client_id, self._subscriptions, qos=0, clean=True, keepalive=_KEEPALIVE_S
        )
        queue = BatchQueue(held=_HELD, batch=_BATCH, age=0, monotonic=self._clock.monotonic)
        return MqttSource(self._address, options, queue=queue, now=self._clock.now, rng=self._rng)

    def _sift(self, messages: Messages) -> None:
        """Retained messages are states of before."""
        for place in self._matters(messages):
            if not int(messages.marks[place]) & Mark.RETAIN:
                found = messages.topics[place], messages.payloads[place]
                self._heard.append(Overheard(*found, int(messages.received[place])))

    # Sending

    def _make_sender(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self._client_id}-cards",
            protocol=paho.MQTTv311,
        )
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.on_connect = _on_connect
        client.on_publish = lambda _client, _userdata, number, *_: self._taken.add(number)
        return client


def _on_connect(
    _client: paho.Client,
    _userdata: Any,
    _flags: paho.ConnectFlags,
    reason: ReasonCode,
    _properties: Properties | None,
) -> None:
    if reason.is_failure:
        logger.error("broker refused the session that sends cards", reason=str(reason))
