"""The MQTT source: one persistent session with manual acknowledgement (paho-mqtt).

Client id fixed, clean session off: what is not acknowledged comes again. Catching up means that
our own marker has come back on every subscription and the broker's redelivery wait has passed.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.queue import BatchQueue, CaughtUp
from ingest.source import Batch, Delivery, Messages
from schemas import topics

log = structlog.get_logger(__name__)

_MARKERS = (f"vigil/v1/{topics.MARKER_AREA}/", f"native/{topics.MARKER_AREA}/")


class BrokerAddress(NamedTuple):
    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None


class MqttSource:
    """Messages of every subscription; see `ingest.source.Source`.

    `now` gives µs UTC. The callbacks run on paho's thread and do no more than queue.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        subscriptions: Sequence[str],
        queue: BatchQueue,
        now: Callable[[], int],
        redelivery_wait: float,
    ) -> None:
        self._address = address
        self._subscriptions = tuple(subscriptions)
        self._queue = queue
        self._now = now
        self._wait = redelivery_wait
        self._lock = threading.Lock()
        self._session = 0
        self._in_flight: dict[int, bytes] = {}
        self._last_received = 0
        self._catching_up = True
        self._awaited: set[str] = set()
        self._nonce = b""
        self._timer: threading.Timer | None = None
        self._client_id = client_id
        self._client = self._make_client()

    # What ingest asks for

    def open(self) -> None:
        """Begin to connect; goes on trying until closed. Raises only for a wrong address."""
        self._client.connect_async(self._address.host, self._address.port, keepalive=30)
        self._client.loop_start()

    def take(self, timeout: float) -> Batch:
        return self._queue.take(timeout)

    def ack(self, messages: Messages) -> None:
        for delivery in messages.deliveries():
            if not delivery.qos:
                continue
            with self._lock:
                if delivery.session != self._session:
                    continue  # the broker that numbered it has forgotten it
                self._in_flight.pop(delivery.packet, None)
            self._client.ack(delivery.packet, delivery.qos)

    @property
    def catching_up(self) -> bool:
        return self._catching_up

    @property
    def session(self) -> int:
        return self._session

    @property
    def unacknowledged(self) -> int:
        return len(self._in_flight)

    def close(self) -> None:
        """Leave without acknowledging anything more; the broker keeps the session."""
        self._queue.close()
        if self._timer is not None:
            self._timer.cancel()
        self._client.disconnect()
        self._client.loop_stop()

    # paho's callbacks

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        client.reconnect_delay_set(min_delay=1, max_delay=10)
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
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.error("broker refused the session", reason=str(reason))
            return
        with self._lock:
            self._catching_up = True
            self._nonce = secrets.token_bytes(12)
            self._awaited = set(self._marker_topics())
            if not flags.session_present:
                # Packet ids start anew: none of the old ones may be acknowledged any more.
                self._session += 1
                self._in_flight.clear()
        log.info("connected to the broker", session_kept=flags.session_present)
        client.subscribe([(topic, 1) for topic in self._subscriptions])

    def _on_subscribe(
        self,
        client: paho.Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [t for t, r in zip(self._subscriptions, reasons, strict=True) if r.is_failure]
        if refused:
            log.error("broker refused subscriptions: let this client read them", topics=refused)
        for topic in self._marker_topics():
            client.publish(topic, self._nonce, qos=1)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            self._catching_up = True
            if self._timer is not None:
                self._timer.cancel()
        log.warning("connection to the broker ended", reason=str(reason))

    def _on_message(self, client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        topic = _topic(message)
        if topic.startswith(_MARKERS):
            client.ack(message.mid, message.qos)
            self._on_marker(topic, bytes(message.payload))
            return
        self._last_received = max(self._now(), self._last_received + 1)
        delivery = Delivery(
            topic,
            bytes(message.payload),
            self._last_received,
            message.qos,
            message.retain,
            message.dup,
            message.mid,
            self._session,
            self._catching_up,
        )
        if message.qos and not self._admit(delivery):
            return
        self._queue.put(delivery)

    def _admit(self, delivery: Delivery) -> bool:
        """False for the redelivery of a packet that is still being worked on: the
        acknowledgement of the first copy settles both."""
        digest = delivery.digest()
        with self._lock:
            if delivery.dup and self._in_flight.get(delivery.packet) == digest:
                return False
            self._in_flight[delivery.packet] = digest
            return True

    # Catching up

    def _marker_topics(self) -> list[str]:
        area, gateway = topics.MARKER_AREA, self._client_id
        return [
            topics.up(area, gateway),
            topics.up(area, gateway, "marker"),
            topics.status(area, gateway),
            topics.native(area, gateway, "marker"),
        ]

    def _on_marker(self, topic: str, payload: bytes) -> None:
        with self._lock:
            if payload != self._nonce:
                return  # of an earlier connection
            self._awaited.discard(topic)
            if self._awaited or not self._catching_up:
                return
            self._timer = threading.Timer(self._wait, self._caught_up, args=(self._nonce,))
            self._timer.daemon = True
            self._timer.start()

    def _caught_up(self, nonce: bytes) -> None:
        if nonce != self._nonce or not self._catching_up:
            return
        # In this order: a message marked as backlog behind it does no harm, one without the
        # mark before it would move the clock too early.
        self._queue.put(CaughtUp(self._now()))
        self._catching_up = False


def _topic(message: paho.MQTTMessage) -> str:
    """The topic; bytes that are not UTF-8 (which a broker should have refused) are replaced."""
    try:
        return message.topic
    except UnicodeDecodeError:
        raw: bytes = message._topic  # noqa: SLF001 (paho offers no other way to the bytes)
        return raw.decode("utf-8", "replace")
