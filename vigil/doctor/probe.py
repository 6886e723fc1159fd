"""A session of the doctor's own on a broker: bounded in everything, and gone afterwards."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.mqtt import BrokerAddress
from schemas import topics

PATIENCE = 15.0  # seconds for one answer of the broker
_LOOK = 0.01


class ProbeError(Exception):
    """The broker did not do what any broker does; the message says what."""


class Login(NamedTuple):
    """As whom; None for nobody."""

    name: str | None
    password: str | None


class Heard(NamedTuple):
    topic: str
    payload: bytes
    qos: int
    retained: bool
    packet: int


def topic() -> str:
    """In ingest's own area, which its account may use, and outside of all that ingest hears."""
    return f"vigil/v1/{topics.MARKER_AREA}/doctor/probe/{secrets.token_hex(6)}"


class Probe:
    """One MQTT 3.1.1 session with manual acknowledgement; `heard` in order of arrival,
    without redeliveries.

    Raises ProbeError, and OSError where nothing listens.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        login: Login | None = None,
        client_id: str | None = None,
        keep: bool = False,
        most: int = 50_000,
    ) -> None:
        """`keep`: a session that the broker has to keep. `most`: messages held at most."""
        self.heard: list[Heard] = []
        self.kept = False
        self._most = most
        self._answers: dict[str, Any] = {}
        self._said: set[tuple[str, bytes]] = set()
        self._published = 0
        self._sent = self._settled = 0
        name = client_id or f"vigil-doctor-{secrets.token_hex(6)}"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=not keep,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        client.max_inflight_messages_set(1_000)
        who = login or Login(address.username, address.password)
        if who.name is not None:
            client.username_pw_set(who.name, who.password)
        if address.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answers.update(granted=reasons)
        client.on_publish = lambda *_: self._count()
        client.on_message = lambda _c, _u, message: self._hear(message)
        client.on_disconnect = lambda *_: self._answers.update(left=True)
        self._client, self._address = client, address

    def __enter__(self) -> Self:
        self._client.connect(self._address.host, self._address.port, keepalive=30)
        self._client.loop_start()
        try:
            self._enter()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _enter(self) -> None:
        reason = self._await(lambda: self._answers.get("connected"), "no answer to CONNECT")
        if reason.is_failure:
            raise ProbeError(str(reason))

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, *filters: str) -> list[str]:
        """The filters that the broker refused."""
        self._answers.pop("granted", None)
        self._client.subscribe([(f, 1) for f in filters])
        granted = self._await(lambda: self._answers.get("granted"), "no answer to SUBSCRIBE")
        return [f for f, reason in zip(filters, granted, strict=True) if reason.is_failure]

    def publish(self, topic: str, payload: bytes) -> None:
        """At QoS 1; `confirmed` tells how many the broker has acknowledged."""
        self._client.publish(topic, payload, qos=1)
        self._sent += 1

    def confirmed(self) -> bool:
        """Whether the broker acknowledged everything; it may be slow, but not silent."""
        done = -1
        while done < self._published < self._sent:
            done = self._published
            self._settle(lambda: self._published >= self._sent)
        return self._published >= self._sent

    def acknowledge(self) -> None:
        """Everything heard so far."""
        while self._settled < len(self.heard):
            message = self.heard[self._settled]
            self._settled += 1
            if message.qos:
                self._client.ack(message.packet, message.qos)

    def listen(self, enough: int, *, silence: float, seconds: float = PATIENCE) -> int:
        """How many have been heard once there are enough, nothing came for a while, or time is
        up."""
        end = time.monotonic() + seconds
        count, since = len(self.heard), time.monotonic()
        while len(self.heard) < enough and time.monotonic() < min(end, since + silence):
            threading.Event().wait(_LOOK)
            if len(self.heard) != count:
                count, since = len(self.heard), time.monotonic()
        return len(self.heard)

    def _settle(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not what() and time.monotonic() < end:
            threading.Event().wait(_LOOK)

    def _await(self, what: Callable[[], Any], otherwise: str) -> Any:
        end = time.monotonic() + PATIENCE
        while not (answer := what()):
            if time.monotonic() > end or self._answers.get("left"):
                raise ProbeError(otherwise)
            threading.Event().wait(_LOOK)
        return answer

    def _on_connect(self, _c: paho.Client, _u: Any, flags: Any, reason: Any, _p: Any) -> None:
        self.kept = bool(flags.session_present)
        self._answers["connected"] = reason

    def _count(self) -> None:
        self._published += 1

    def _hear(self, message: paho.MQTTMessage) -> None:
        said = (message.topic, bytes(message.payload))
        if len(self.heard) >= self._most or (message.dup and said in self._said):
            return  # the acknowledgement of the first copy settles both
        self._said.add(said)
        self.heard.append(Heard(*said, message.qos, message.retain, message.mid))
