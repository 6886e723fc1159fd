"""A broker session beside ingest's own, to listen for emergencies and to send cards.

QoS 0 and clean: it takes what is published while it is there, and the broker keeps nothing for
it, so it is never behind. What cannot hold an emergency is dropped as it comes. Cards are sent
at QoS 1 and again after a lost connection, until the broker has them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.emergency.cards import Letter
from ingest.mqtt import BrokerAddress
from schemas import topics

logger = structlog.get_logger(__name__)

_HELD = 20_000  # messages that wait to be looked at; then the connection is read no further
_KEEPALIVE_S = 10
_MARKERS = (
    f"vigil/v1/{topics.MARKER_AREA}/".encode(),
    f"native/{topics.MARKER_AREA}/".encode(),
)


class Overheard(NamedTuple):
    topic: bytes
    payload: bytes
    received: int  # µs UTC


class Aside:
    """`matters` tells from the bytes whether a message is worth a look. It and `now` (µs UTC) are
    called on the session's own thread."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        matters: Callable[[bytes, bytes], bool],
        now: Callable[[], int],
    ) -> None:
        self._address, self._client_id = address, client_id
        self._filters = [(topic, 0) for topic in subscriptions]
        self._matters, self._now = matters, now
        self._heard: Queue[Overheard] = Queue(_HELD)
        self._client: paho.Client | None = None
        self._listening = False
        self._connected = threading.Event()

    @property
    def is_open(self) -> bool:
        return self._client is not None

    @property
    def listening(self) -> bool:
        return self._listening

    def open(self, *, listen: bool) -> None:
        """Begin to connect, and go on trying; to listen as well, or only to send."""
        if self._client is None:
            self._client = self._make_client()
            self._client.connect_async(self._address.host, self._address.port, _KEEPALIVE_S)
            self._client.loop_start()
        if listen and not self._listening:
            self._listening = True
            if self._connected.is_set():
                self._client.subscribe(self._filters)

    def close(self) -> None:
        """Leave; what the broker does not have by then is not sent."""
        client, self._client = self._client, None
        self._listening = False
        if client is not None:
            client.disconnect()
            client.loop_stop()
            self._connected.clear()
        self._drain()

    def take(self, timeout: float) -> Overheard | None:
        """The next message worth a look; None after `timeout` seconds without one."""
        try:
            return self._heard.get(timeout=timeout)
        except Empty:
            return None

    def send(self, letter: Letter) -> paho.MQTTMessageInfo:
        """Say `is_published()` of what comes back once the broker has it. Open it before."""
        if self._client is None:
            raise RuntimeError("not open")
        return self._client.publish(letter.topic, letter.payload, qos=1)

    def _drain(self) -> None:
        while self.take(0) is not None:
            pass

    # paho's callbacks

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=paho.MQTTv311
        )
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            logger.error("broker refused the session for emergencies", reason=str(reason))
            return
        self._connected.set()
        if self._listening:
            client.subscribe(self._filters)

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [t for (t, _), r in zip(self._filters, reasons, strict=False) if r.is_failure]
        if refused:
            logger.error("broker refused subscriptions: let this client read them", topics=refused)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: paho.DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connected.clear()

    def _on_message(self, client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        """Retained messages are states of before, and markers ingest's own."""
        topic: bytes = message._topic  # noqa: SLF001 (the bytes, whether or not they are UTF-8)
        payload = bytes(message.payload)
        if message.retain or topic.startswith(_MARKERS) or not self._matters(topic, payload):
            return
        self._put(client, Overheard(topic, payload, self._now()))

    def _put(self, client: paho.Client, heard: Overheard) -> None:
        while self._client is client:  # else it is being closed
            with suppress(Full):
                self._heard.put(heard, timeout=0.2)
                return
