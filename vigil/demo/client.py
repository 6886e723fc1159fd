"""An MQTT client of the demo: connected before it is used, with a callback for messages."""

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from vigil.embedded.process import EmbeddedError
from vigil.settings import BrokerSettings

_IN_FLIGHT = 1_000


class Client:
    """Loopback only; its callbacks run on a thread of its own."""

    def __init__(
        self,
        broker_url: str,
        name: str,
        *,
        topics: Sequence[str] = (),
        on_message: Callable[[str, bytes], None] = lambda _t, _p: None,
    ) -> None:
        self._ready = Event()
        self._topics = topics
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311
        )
        self._client.max_inflight_messages_set(_IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _c, _u, m: on_message(m.topic, bytes(m.payload))
        address = BrokerSettings(url=broker_url).address
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        if not self._ready.wait(10):
            raise EmbeddedError(f"the broker at {broker_url} does not let {name} subscribe")

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._ready.set()

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool
    ) -> paho.MQTTMessageInfo:
        return self._client.publish(topic, payload, qos=qos, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
